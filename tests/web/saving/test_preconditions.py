from __future__ import annotations

import pytest

from tfjs_serve.web.conditional import Conditions
from tfjs_serve.web.saving.preconditions import is_conditional, may_save

TAGS = ('"plain"', '"br"')


@pytest.mark.parametrize(
    ("fields", "tags", "may"),
    [
        ({}, TAGS, True),
        ({}, None, True),
        ({"if_match": "*"}, TAGS, True),
        ({"if_match": " * "}, (), True),
        ({"if_match": "*"}, None, False),
        ({"if_match": '"br"'}, TAGS, True),
        ({"if_match": '"x", "plain"'}, TAGS, True),
        ({"if_match": '"x"'}, TAGS, False),
        ({"if_match": 'W/"br"'}, TAGS, False),
        ({"if_match": '"br"'}, (), False),
        ({"if_match": '"br"'}, None, False),
        ({"if_match": ""}, TAGS, False),
        ({"if_match": ""}, (), False),
        ({"if_match": '""'}, (), False),
        ({"if_match": "br"}, TAGS, False),
        ({"if_match": '"br" garbage'}, TAGS, False),
        ({"if_none_match": "*"}, TAGS, False),
        ({"if_none_match": "*"}, (), False),
        ({"if_none_match": "*"}, None, True),
        ({"if_none_match": '"br"'}, TAGS, False),
        ({"if_none_match": 'W/"br"'}, TAGS, False),
        ({"if_none_match": '"x"'}, TAGS, True),
        ({"if_match": '"br"', "if_none_match": '"br"'}, TAGS, False),
    ],
)
def test_whether_a_model_may_be_replaced(fields, tags, may) -> None:
    conditions = Conditions(**fields)
    assert may_save(conditions, tags) is may
    assert is_conditional(conditions) is bool(fields)
