"""Cards of products: what a channel shows of each product that a content leads to."""

from __future__ import annotations

from services.channels import units
from services.channels.facts import ContentFacts, Facts, ProductFacts
from services.channels.rendering.links import linked
from services.channels.rendering.pictures import ANY_PICTURE, cropped
from services.channels.rendering.renditions import ProductCard
from services.channels.shapes import CardPart, LinkShape, PictureShape, ProductShape, Rendering

PLAIN_LINK = LinkShape()
ALL_OF_ANY = ProductShape(max=10_000)


def cards(shapes: Rendering, facts: Facts) -> tuple[ProductCard, ...]:
    """The cards, in the author's order; without a shape every product with all that is known of it."""
    shape = shapes.products or ALL_OF_ANY
    params = (shapes.link or PLAIN_LINK).params
    picture = ANY_PICTURE if shape.ratio is None else PictureShape(ratios=(shape.ratio,))
    return tuple(_card(shape, params, picture, facts.content, product) for product in facts.products[: shape.max])


def _card(
    shape: ProductShape, params: dict[str, str], picture: PictureShape, content: ContentFacts, product: ProductFacts
) -> ProductCard:
    on = frozenset[CardPart](shape.parts)
    title = product.title
    if shape.title_max is not None:
        title = units.truncate(title, shape.title_max, shape.title_unit, shape.ellipsis)
    return ProductCard(
        product.uid,
        title,
        price_minor=product.price_minor if "price" in on else None,
        currency=product.currency if "price" in on else None,
        shop=product.shop if "shop" in on else None,
        brand=product.brand if "brand" in on else None,
        picture=cropped(picture, product.image) if "picture" in on and product.image is not None else None,
        link=linked(product.url, params) if "link" in on else None,
        reason=content.notes.get(product.uid) if "reason" in on else None,
    )
