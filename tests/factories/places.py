"""A small database of places in MaxMind's format (MaxMind DB 2.0), for IPv4."""

import ipaddress
from collections.abc import Mapping

_BITS = 24


def _string(text: str) -> bytes:
    raw = text.encode()
    assert len(raw) < 29
    return bytes([2 << 5 | len(raw)]) + raw


def _map(pairs: Mapping[str, bytes]) -> bytes:
    return bytes([7 << 5 | len(pairs)]) + b"".join(_string(key) + value for key, value in pairs.items())


def _number(value: int, kind: int, size: int) -> bytes:
    head = bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
    return head + value.to_bytes(size, "big")


def places(countries: Mapping[str, str]) -> bytes:
    """The file for these networks in CIDR notation and their country codes."""
    tree: list[list[int | None]] = [[None, None]]
    data, leaves = b"", {}
    for network, code in countries.items():
        leaves[network] = len(data)
        data += _map({"country": _map({"iso_code": _string(code)})})
    marks: list[tuple[int, int, str]] = []
    for network in countries:
        parsed, node = ipaddress.IPv4Network(network), 0
        bits = f"{int(parsed.network_address):032b}"[: parsed.prefixlen]
        for bit in map(int, bits[:-1]):
            if tree[node][bit] is None:
                tree.append([None, None])
                tree[node][bit] = len(tree) - 1
            node = int(tree[node][bit] or 0)
        marks.append((node, int(bits[-1]), network))
    for node, bit, network in marks:
        tree[node][bit] = len(tree) + 16 + leaves[network]
    records = b"".join(
        (len(tree) if record is None else record).to_bytes(_BITS // 8, "big")
        for pair in tree
        for record in pair
    )
    metadata = _map(
        {
            "node_count": _number(len(tree), 6, 4),
            "record_size": _number(_BITS, 5, 2),
            "ip_version": _number(4, 5, 2),
            "database_type": _string("Test-Country"),
            "languages": bytes([0, 4]),
            "binary_format_major_version": _number(2, 5, 2),
            "binary_format_minor_version": _number(0, 5, 2),
            "build_epoch": _number(1_700_000_000, 9, 8),
            "description": _map({}),
        }
    )
    return records + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + metadata
