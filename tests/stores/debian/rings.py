"""Writes the rings of a small OpenStack Swift, with the Python that has Swift.

    python3 rings.py FOLDER ACCOUNT:CONTAINER:OBJECT...

Each argument has the ports of one storage node; each node has a copy of everything.
"""

import sys
import warnings

warnings.simplefilter("ignore")

from swift.common import utils  # noqa: E402

PARTITION_POWER = 4


def main(folder: str, nodes: list[list[int]]) -> None:
    utils.set_swift_dir(folder)
    from swift.common.ring import RingBuilder  # which reads swift.conf

    for index, kind in enumerate(("account", "container", "object")):
        builder = RingBuilder(PARTITION_POWER, len(nodes), 1)
        for number, ports in enumerate(nodes):
            builder.add_dev(
                {
                    "id": number,
                    "region": 1,
                    "zone": number + 1,
                    "ip": "127.0.0.1",
                    "port": ports[index],
                    "replication_ip": "127.0.0.1",
                    "replication_port": ports[index],
                    "device": f"node{number}",
                    "weight": 1.0,
                    "meta": "",
                }
            )
        builder.rebalance(seed=1)
        builder.get_ring().save(f"{folder}/{kind}.ring.gz")


if __name__ == "__main__":
    main(sys.argv[1], [[int(port) for port in node.split(":")] for node in sys.argv[2:]])
