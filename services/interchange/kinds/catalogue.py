"""What is sold and shown: brands, shops, products with their pictures and pools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from models import Brand, DirtyKind, PoolProduct, Product, ProductAsset, Shop
from services.interchange import tables
from services.interchange.kinds.base import SOURCED, Desk, Expressions, Kind, Need, References, table
from services.interchange.records import BrandRecord, ProductRecord, ShopRecord
from services.interchange.refusals import Refused


class Sellers(Kind[Any]):
    """What products belong to: channels ask for a shop's scores, and a brand's name is searched for with its products."""

    column: ClassVar[str]

    async def write_parts(self, desk: Desk, records: Sequence[Any], *, fresh: bool) -> None:
        if fresh:
            return
        ids = [desk.id(self.what, record.uid) for record in records]
        query = f"SELECT id FROM products WHERE {self.column} = ANY($1::bigint[])"  # noqa: S608  (a name of our own)
        sold = await desk.connection.fetch(query, ids)
        desk.mark(DirtyKind.PRODUCT, [row["id"] for row in sold], fresh=False)


class Brands(Sellers):
    record, model, what, column = BrandRecord, Brand, "brands", "brand_id"
    columns = (*SOURCED, "name", "description")


class Shops(Sellers):
    record, model, what, column = ShopRecord, Shop, "shops", "shop_id"
    columns = (*SOURCED, "name", "description_score", "service_score", "logistics_score")


class Products(Kind[ProductRecord]):
    record, model, what = ProductRecord, Product, "products"
    columns = (
        *SOURCED, "title", "description", "url", "language", "price_minor", "list_price_minor", "currency",
        "is_on_shelf", "attributes",
    )  # fmt: skip
    references: ClassVar[References] = {"shop": ("shops", "shop_id"), "brand": ("brands", "brand_id")}
    dirty, has_version = DirtyKind.PRODUCT, True
    expressions: ClassVar[Expressions] = {
        "category": "(SELECT x.code || ':' || g.code FROM tags g JOIN taxonomies x ON x.id = g.taxonomy_id"
        " WHERE g.id = t.category_id)",
        "pictures": "ARRAY(SELECT a.uid FROM product_assets p JOIN assets a ON a.id = p.asset_id"
        " WHERE p.product_id = t.id ORDER BY p.position)",
        "pools": "ARRAY(SELECT o.code FROM pool_products p JOIN pools o ON o.id = p.pool_id"
        ' WHERE p.product_id = t.id ORDER BY o.code COLLATE "C")',
    }

    def prepare(self, record: ProductRecord) -> ProductRecord:
        if record.price_minor is not None and record.currency is None:
            raise Refused("currency", "a price needs its currency")
        return record.model_copy(update={"pools": tuple(sorted(set(record.pools)))})

    def needs(self, record: ProductRecord) -> Iterator[Need]:
        yield from super().needs(record)
        if record.category:
            yield Need("category", "tags", record.category)
        yield from (Need("pictures", "assets", uid) for uid in record.pictures)
        yield from (Need("pools", "pools", code) for code in record.pools)

    def row(self, desk: Desk, record: ProductRecord) -> dict[str, Any]:
        return super().row(desk, record) | {
            "category_id": desk.maybe("tags", record.category),
            "changed_at": desk.now,
        }

    async def write_parts(self, desk: Desk, records: Sequence[ProductRecord], *, fresh: bool) -> None:
        ids = {record.uid: desk.id("products", record.uid) for record in records}
        if not fresh:
            for part in (ProductAsset, PoolProduct):
                await tables.clear(desk.connection, table(part), "product_id", list(ids.values()))
        pictures = [
            {"product_id": ids[record.uid], "position": place, "asset_id": desk.id("assets", uid)}
            for record in records
            for place, uid in enumerate(record.pictures)
        ]
        await tables.insert(desk.connection, table(ProductAsset), pictures)
        pools = [
            {"pool_id": desk.id("pools", code), "product_id": ids[record.uid]}
            for record in records
            for code in record.pools
        ]
        await tables.insert(desk.connection, table(PoolProduct), pools)
