"""What is wrong with a file is told in words that help to mend it, each place once, with its line."""

from __future__ import annotations

import pytest

from services.channels.packs import MalformedPack, parse_pack
from tests.services.channels.channel_facts import HEAD

RULE = '[selector]\n[[rules]]\nkind = "{}"\n'


def told(body: str) -> list[str]:
    """What is said of a pack that goes on with `body`; lines as they are counted there."""
    head = HEAD.format(key="test.entry") + "\n"
    with pytest.raises(MalformedPack) as refusal:
        parse_pack(head + body, "x.toml")
    problems = refusal.value.problems
    assert all(problem.file == "x.toml" for problem in problems)
    return [f"{problem.line - head.count(chr(10))} {problem.message.partition(': ')[2]}" for problem in problems]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[selector]\nformat = ["QNA"]', "2 selector.format: there is no format here. Did you mean formats?"),
        ('[selector]\nformats = [\n"ARTICEL"]', "3 selector.formats.0: there is no ARTICEL here. Did you mean ARTICLE?"),
        (RULE.format("text.lenght"), "3 rules.0.kind: there is no kind text.lenght. Did you mean text.length?"),
        ("[selector]\n[[rules]]\nmax = 1", "2 rules.0: its kind is missing"),
        (RULE.format("manual") + 'about = "text"\ntext = { en = "x", zh = "" }\ncheck = "a-b"', "5 rules.0.text.zh: this may not be empty"),
        (RULE.format("tag.exactly_n") + 'taxonomy = "scene"', "2 rules.0.n: this is missing"),
        (RULE.format("tag.exactly_n") + 'taxonomy = "scene"\nn = "1"', "5 rules.0.n: write a whole number without quotes"),
        (RULE.format("content.original") + "weight = 500", "4 rules.0.weight: 500 is too large: give 100 or less"),
        (RULE.format("content.original") + "weight = 0", "4 rules.0.weight: 0 is too small: give 1 or more"),
        (RULE.format("content.original") + "wait = 9", "4 rules.0.wait: there is no wait here. Did you mean weight?"),
        (RULE.format("text.required") + 'fields = ["titel"]', "4 rules.0.fields.0: 'titel' will not do: write a field of the content, such as title, summary, text, covers, tags.scene or details.verdict"),
        (RULE.format("text.required") + "fields = []", "4 rules.0.fields: at least 1 needed"),
        ("[selector]\n[gates]\nall = [\n{ invited = {} },\n{ levle = {} }]", "5 gates.all.1.levle: there is no levle here. Did you mean level?"),
        ('[selector]\n[[examples]]\nname = "x"\nmust = "pass"\n[examples.given.content]\ncovers = [{ wdth = 1 }]', "6 examples.0.given.content.covers.0.wdth: there is no wdth here. Did you mean width?"),
        ('[selector]\n[audit]\nreasons = [{ code = "A b", text = { en = "x", zh = "x" } }]', "3 audit.reasons.0.code: 'A b' will not do: write small Latin letters, digits and single hyphens, such as green-tea"),
        ("[selector]\n[audit]\nhuman_hours = 1.5", "3 audit.human_hours: write a whole number without quotes"),
        ("[selector]\naccepts = 1\n\nx = = 2", "4 not TOML: invalid value (column 5)"),
        ('[selector]\nformats = ["QNA"', "2 not TOML: unclosed array (column 1)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_what_to_do(body, said):
    assert told(body)[0] == said


def test_a_mistake_is_told_once_whatever_else_it_spoils():
    wrong = '[selector]\n[[rules]]\nkind = "image.exact_size"\nof = "covers"\nsizes = ["0x1"]'

    assert told(wrong) == ["5 rules.0.sizes.0: '0x1' will not do: write width x height in pixels, such as 750x422"]
