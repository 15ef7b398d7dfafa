"""What is one object in Keras has one number in the record, the same whenever it is saved."""

from __future__ import annotations

from tfjs_serve.conversion.record.sharing import with_small_numbers


def test_objects_that_occur_several_times_are_numbered_in_order() -> None:
    a, b, alone = 139935448315984, 139935448316000, 139935448316016
    config = {
        "layers": [
            {"class_name": "A", "shared_object_id": b},
            {"class_name": "B", "config": {"inner": {"shared_object_id": a, "x": [1]}}},
            {"class_name": "A", "shared_object_id": b},
            {"class_name": "C", "shared_object_id": alone},
        ],
        "again": {"shared_object_id": a, "x": [1]},
    }
    assert with_small_numbers(config) == {
        "layers": [
            {"class_name": "A", "shared_object_id": 0},
            {"class_name": "B", "config": {"inner": {"shared_object_id": 1, "x": [1]}}},
            {"class_name": "A", "shared_object_id": 0},
            {"class_name": "C"},
        ],
        "again": {"shared_object_id": 1, "x": [1]},
    }
