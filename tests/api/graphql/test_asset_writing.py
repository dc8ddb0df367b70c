"""What creators say of their pictures over GraphQL."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from core.caller import Scope
from core.ids import global_id, new_uid
from models import DirtyKind
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, marked, operator

SHOWN = "asset { alternativeText credit licence }"


async def test_a_creator_describes_its_pictures_and_what_shows_them_follows(api: Asking, session: AsyncSession):
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    picture, foreign = await make.asset(session, creator_id=ada.id), await make.asset(session, creator_id=eve.id)
    shows = await make.content(session, ada, covers=(picture,))
    await make.content(session, ada, covers=(picture,), live=False)
    author, sent = api.as_(await make.author(session, ada)), {"assetId": id_of(picture)}

    same = await do(author, "updateAsset", SHOWN, **sent, credit="")
    quiet = await marked(session, DirtyKind.CONTENT)
    said = await do(author, "updateAsset", SHOWN, **sent, alternativeText="A lake.", credit="Ada")
    wrong = await do(author, "updateAsset", SHOWN, **sent, alternativeText="x" * 10_001, licence="\x01")

    assert (same, quiet) == ({"alternativeText": "", "credit": "", "licence": ""}, {})
    assert said == {"alternativeText": "A lake.", "credit": "Ada", "licence": ""}
    assert wrong == [("MALFORMED_TEXT", "alternativeText"), ("MALFORMED_TEXT", "licence")]
    assert await marked(session, DirtyKind.CONTENT) == {shows.id: {"DISTRIBUTION", "INDEX"}}
    for id_ in (id_of(foreign), global_id("Asset", new_uid())):
        assert await do(author, "updateAsset", SHOWN, assetId=id_, credit="Me") == [("NO_SUCH_ASSET", "assetId")]
    narrow = api.as_(await make.author(session, ada, Scope.CREATOR_WRITE))
    assert await do(narrow, "updateAsset", SHOWN, **sent, credit="Me") == [("MISSING_SCOPE", "")]
    op = api.as_(await operator(session))
    assert (await do(op, "updateAsset", SHOWN, assetId=id_of(foreign), licence="CC0"))["licence"] == "CC0"
