"""Which hosts are this machine: only there may anything go in the clear."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine to every resolver."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
