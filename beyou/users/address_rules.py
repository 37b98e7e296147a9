"""Addresses and ranges of them, IPv4 and IPv6 alike: pure."""

import ipaddress
from dataclasses import dataclass
from typing import Final

#: The longest that somebody can mean by a range.
LONGEST: Final = 50
#: How many leading bits a range that is blocked has at least, so that nobody blocks half the internet.
WIDEST: Final = {4: 8, 6: 20}


@dataclass(frozen=True, slots=True)
class AddressRange:
    """A range of addresses; `first` and `last` are keys (`key_of`), and both belong to it."""

    network: str
    first: str
    last: str
    is_too_wide: bool

    def has(self, address: str) -> bool:
        return self.first <= (key_of(address) or "") <= self.last


def key_of(address: str) -> str:
    """The address as 32 hexadecimal digits, in the order of addresses; empty for what is none. An IPv4
    address and the IPv6 address that stands for it are the same.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return _key(found)


def _key(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    number = int(found) + (0xFFFF << 32 if isinstance(found, ipaddress.IPv4Address) else 0)
    return f"{number:032x}"


def range_of(text: str) -> AddressRange:
    """The range that the text means: an address, or one with the number of its leading bits. Bits behind
    those do not count. Raises `ValueError`.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or "%" in text:
        raise ValueError("not a range")
    found = ipaddress.ip_network(text, strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            found = ipaddress.ip_network(f"{mapped}/{found.prefixlen - 96}")
    return AddressRange(
        network=str(found),
        first=_key(found[0]),
        last=_key(found[-1]),
        is_too_wide=found.prefixlen < WIDEST[found.version],
    )
