"""What every store must do alike: run against a folder and against a bucket of an S3 server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.store import CHUNK, PART, NothingThere, Store

SPOKEN = "blobs/ab/abcd"


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def keys(store: Store, prefix: str = "") -> list[str]:
    return sorted([entry.key async for entry in store.entries(prefix)])


class Contract:
    """Subclasses bring a fixture `kept`: an empty store."""

    async def test_what_was_put_is_read_again(self, kept: Store):
        await kept.put(SPOKEN, b"a picture")

        assert await kept.read(SPOKEN) == b"a picture"
        assert await kept.byte_count(SPOKEN) == 9

    async def test_an_object_is_written_in_place_of_the_one_before(self, kept: Store):
        await kept.put(SPOKEN, b"a picture")
        await kept.put(SPOKEN, pieces(b"an", b"other"))

        assert await kept.read(SPOKEN) == b"another"

    async def test_pieces_beyond_one_part_come_out_as_they_went_in(self, kept: Store):
        numbered = [bytes([number]) * (PART // 4 + 1) for number in range(9)]

        await kept.put(SPOKEN, pieces(*numbered))

        read = [piece async for piece in kept.stream(SPOKEN)]
        assert b"".join(read) == b"".join(numbered)
        assert max(map(len, read)) <= 4 * CHUNK

    async def test_nothing_in_pieces_is_an_empty_object(self, kept: Store):
        await kept.put(SPOKEN, pieces())

        assert await kept.byte_count(SPOKEN) == 0

    async def test_when_what_is_written_breaks_off_nothing_is_there(self, kept: Store):
        async def broken() -> AsyncIterator[bytes]:
            yield b"a" * (PART + 1)
            raise ConnectionAbortedError("gone away")

        with pytest.raises(Exception, match=r"gone away|does not answer"):
            await kept.put(SPOKEN, broken())

        assert await kept.byte_count(SPOKEN) is None
        assert await keys(kept) == []

    @pytest.mark.parametrize(
        ("start", "end", "found"), [(0, None, b"0123456789"), (3, None, b"3456789"), (0, 1, b"0"), (9, 10, b"9")]
    )
    async def test_a_range_gives_its_bytes_and_no_others(self, kept: Store, start: int, end: int | None, found: bytes):
        await kept.put(SPOKEN, b"0123456789")

        assert b"".join([piece async for piece in kept.stream(SPOKEN, start, end)]) == found

    async def test_what_is_not_there_is_told_by_every_way_to_read(self, kept: Store):
        with pytest.raises(NothingThere):
            await kept.read(SPOKEN)
        with pytest.raises(NothingThere):
            await anext(kept.stream(SPOKEN))
        with pytest.raises(NothingThere):
            await anext(kept.stream(SPOKEN, 3, 5))
        with pytest.raises(NothingThere):
            await kept.copy(SPOKEN, "ab/other")
        with pytest.raises(NothingThere):
            async with kept.file(SPOKEN):
                pass
        assert await kept.byte_count(SPOKEN) is None
        await kept.delete(SPOKEN)

    async def test_a_copied_object_is_at_both_keys_until_one_is_deleted(self, kept: Store):
        await kept.put("uploads/one/0-a", b"a picture")
        await kept.put(SPOKEN, b"what was there before")

        await kept.copy("uploads/one/0-a", SPOKEN)
        assert await keys(kept) == [SPOKEN, "uploads/one/0-a"]
        await kept.put("uploads/one/0-a", b"another")
        await kept.delete("uploads/one/0-a")

        assert await keys(kept) == [SPOKEN]
        assert await kept.read(SPOKEN) == b"a picture"

    async def test_a_deleted_object_is_gone_and_its_neighbours_stay(self, kept: Store):
        await kept.put(SPOKEN, b"a picture")
        await kept.put("blobs/ab/abce", b"another")

        await kept.delete(SPOKEN)

        assert await keys(kept) == ["blobs/ab/abce"]

    async def test_a_prefix_lists_what_lies_under_it(self, kept: Store):
        for key in ("uploads/one/0", "uploads/one/1", "uploads-not/0", "ab/abcd"):
            await kept.put(key, key.encode())

        found = {entry.key: entry async for entry in kept.entries("uploads/")}

        assert sorted(found) == ["uploads/one/0", "uploads/one/1"]
        assert found["uploads/one/0"].byte_count == 13
        assert found["uploads/one/0"].written_at.tzinfo is not None
        assert await keys(kept, "nothing/") == []
        assert len(await keys(kept)) == 4

    async def test_an_object_is_a_file_for_a_while(self, kept: Store):
        await kept.put(SPOKEN, b"a picture")

        async with kept.file(SPOKEN) as path:
            assert path.read_bytes() == b"a picture"
        assert path.exists() == (kept.folder is not None)

    @pytest.mark.parametrize(
        "key", ["", "/etc/passwd", "../out", "a/../../out", "a//b", "a/", ".hidden", "a/.b", "a#1", "a b", "a\\b", "a\0b",
                "a\nb", "ü", "a%2e%2e", "a" * 201, "/".join(["a" * 100] * 10)]
    )  # fmt: skip
    async def test_no_key_leads_out_of_the_store(self, kept: Store, key: str):
        with pytest.raises(ValueError, match="no key"):
            await kept.put(key, b"out")
        with pytest.raises(ValueError, match="no key"):
            await kept.read(key)
        with pytest.raises(ValueError, match="no key"):
            await anext(kept.stream(key))
        with pytest.raises(ValueError, match="no key"):
            await kept.copy(key, "ab/abcd")
        with pytest.raises(ValueError, match="no key"):
            await kept.delete(key)
        with pytest.raises(ValueError, match="no key"):
            async with kept.file(key):
                pass
