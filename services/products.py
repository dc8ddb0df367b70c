"""Products, shops and brands as they are read. All of them are public."""

from __future__ import annotations

from sqlalchemy import BigInteger

import models
from core.reads import ManyRead, OneRead, Order, PageRead, everything

newest = Order("newest", (models.Product.created_at, models.Product.id))

by_ids = OneRead(models.Product, models.Product.id, everything)
by_uids = OneRead(models.Product, models.Product.uid, everything)
of_revisions = ManyRead(
    models.Product,
    models.RevisionProduct.revision_id,
    everything,
    order=(models.RevisionProduct.position,),
    target=models.RevisionProduct.product_id,
)
of_shops = PageRead(
    "products.of_shops",
    models.Product,
    match=lambda key: models.Product.shop_id == key,
    key_type=BigInteger(),
    visible=everything,
    orders=(newest,),
)
of_brands = PageRead(
    "products.of_brands",
    models.Product,
    match=lambda key: models.Product.brand_id == key,
    key_type=BigInteger(),
    visible=everything,
    orders=(newest,),
)

shops_by_ids = OneRead(models.Shop, models.Shop.id, everything)
shops_by_uids = OneRead(models.Shop, models.Shop.uid, everything)
brands_by_ids = OneRead(models.Brand, models.Brand.id, everything)
brands_by_uids = OneRead(models.Brand, models.Brand.uid, everything)
