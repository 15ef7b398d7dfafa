"""Files that are replaced, broken, mended and deleted, and servers that start again."""

from __future__ import annotations

from tests.stack.whole import LOCAL, Folder, Stack, freeze, make_custom, regularize, running
from tests.web.asking import ask, assert_problem
from tfjs_serve.settings import ServerSettings


async def test_a_page_that_holds_the_old_model_json_gets_the_old_shards(
    stack: Stack, folder: Folder
) -> None:
    folder.save("model.h5", sample="iris.h5")
    old, old_shards = await stack.load("/model")
    folder.save("model.h5", sample="digits.h5")
    new, new_shards = await stack.load("/model")
    assert new.headers["ETag"] != old.headers["ETag"]
    assert not new_shards.keys() & old_shards.keys()
    for path, body in old_shards.items():
        assert (await ask(stack, f"/model/{path}")).body == body
    again = await ask(stack, "/model/model.json", If_None_Match=old.headers["ETag"])
    assert (again.status, again.body) == (200, new.body)
    assert stack.told() == ["started", "ready"] * 2


async def test_weights_that_did_not_change_keep_their_urls(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    old, old_shards = await stack.load("/iris")
    folder.save("iris.h5", edit=freeze)
    new, new_shards = await stack.load("/iris")
    assert new.body != old.body
    assert new_shards == old_shards


async def test_a_model_that_cannot_be_converted_says_why_until_it_is_replaced(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5", edit=make_custom)
    for _ in range(3):
        answer = await ask(stack, "/iris/model.json", Origin=LOCAL, Accept="text/html")
        assert_problem(answer, 422, "cannot-convert")
        assert answer.headers["Access-Control-Allow-Origin"] == LOCAL
    (problem,) = answer.json()["problems"]
    assert (problem["className"], problem["layerPath"]) == ("MyDense", "iris/hidden")
    assert problem["hint"]
    assert stack.told() == ["started", "failed"]
    listed = await stack.listed("iris.h5")
    assert (listed["state"], listed["error"]["problems"]) == ("failed", [problem])
    assert "MyDense" in (await ask(stack, "/iris/")).body.decode()
    assert (stack.stored(), stack.stored("staging")) == (0, 0)

    folder.save("iris.h5")
    await stack.load("/iris")
    assert (await stack.listed("iris.h5"))["state"] == "ready"


async def test_the_last_good_version_is_served_in_place_of_a_bad_one(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    good, shards = await stack.load("/iris")
    folder.save("iris.h5", edit=make_custom)
    document, same_shards = await stack.load("/iris")
    assert (document.body, same_shards) == (good.body, shards)
    assert "iris.h5" in document.headers["Tfjs-Serve-Stale"]
    assert (await stack.listed("iris.h5"))["state"] == "stale"

    # A browser goes on with the fields that a 304 does not repeat.
    known = {"If_None_Match": document.headers["ETag"]}
    still = await ask(stack, "/iris/model.json", **known)
    assert (still.status, still.headers["Tfjs-Serve-Stale"] != "") == (304, True)
    folder.save("iris.h5")
    for _ in range(2):  # the second answer is given again on the fast road
        good_again = await ask(stack, "/iris/model.json", **known)
        assert (good_again.status, good_again.headers["Tfjs-Serve-Stale"]) == (304, "")


async def assert_served(stack: Stack, shards: dict[str, bytes]) -> None:
    for name, body in shards.items():
        answer = await ask(stack, f"/iris/{name}", Origin=LOCAL)
        assert (answer.status, answer.body) == (200, body)


async def test_pages_that_are_loading_a_deleted_model_are_served_to_the_end(
    settings: ServerSettings, folder: Folder
) -> None:
    folder.save("iris.h5")
    async with running(settings) as stack:
        _, shards = await stack.load("/iris")
        (folder.path / "iris.h5").unlink()
        for path in ("/iris/model.json", "/iris@uint8/model.json", "/iris/"):
            assert_problem(await ask(stack, path), 404, "no-such-model")
        assert (await ask(stack, "/-/models.json")).json()["models"] == []
        await assert_served(stack, shards)
    async with running(settings) as restarted:
        await assert_served(restarted, shards)
        assert restarted.told() == []


async def test_notes_on_a_conversion_survive_a_restart(
    settings: ServerSettings, folder: Folder
) -> None:
    folder.save("iris.h5", edit=regularize)
    told, notes = [], []
    for _ in range(2):
        async with running(settings) as stack:
            assert (await stack.listed("iris.h5"))["notes"] == []
            await stack.load("/iris")
            notes.append((await stack.listed("iris.h5"))["notes"])
            page = (await ask(stack, "/iris/")).body.decode()
            told.append(stack.told())
        assert "OrthogonalRegularizer" in page
    assert told == [["started", "ready"], ["ready"]]
    assert notes[0] == notes[1]
    assert len(notes[0]) == 1
