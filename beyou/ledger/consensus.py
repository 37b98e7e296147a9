"""By what right a block is appended: proof of work, or the turn of an authority.

Proof of work costs a forger time but adds nothing against the operator; signed
checkpoints that members pin, and witnesses, do that.
"""

import json
from dataclasses import dataclass, replace
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beyou.ledger.format import BlockHeader, Consensus, FormatError
from beyou.ledger.note import Signer

GENESIS_FORMAT: Final = "beyou/genesis/1"
CONSENSUS_FORMAT: Final = "beyou/consensus/1"
MAX_DIFFICULTY_BITS: Final = 32


def canonical_json(value: dict[str, object]) -> bytes:
    """JSON with sorted keys, no spaces and ASCII only: the bytes of a ledger document."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule that blocks must meet from the block after the one that holds its document."""

    consensus: Consensus
    difficulty_bits: int
    validators: tuple[bytes, ...]

    def fields(self) -> dict[str, object]:
        """The policy as part of a genesis or consensus document."""
        return {
            "consensus": self.consensus.name.lower(),
            "difficulty_bits": self.difficulty_bits,
            "validators": [key.hex() for key in self.validators],
        }

    @classmethod
    def parse(cls, document: bytes) -> Self | None:
        """The policy that a document sets, or None for a document about something else.

        Raises FormatError when it claims to set one but is malformed.
        """
        try:
            fields = json.loads(document)
        except ValueError:
            return None
        if not isinstance(fields, dict) or fields.get("format") not in (GENESIS_FORMAT, CONSENSUS_FORMAT):
            return None
        try:
            consensus = Consensus[str(fields["consensus"]).upper()]
            bits = int(fields["difficulty_bits"])
            validators = tuple(bytes.fromhex(key) for key in fields["validators"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"malformed consensus document: {error}") from None
        if not 0 <= bits <= MAX_DIFFICULTY_BITS or any(len(key) != 32 for key in validators):
            raise FormatError("a consensus document has 0 to 32 bits and 32-byte validators")
        if consensus is Consensus.POA and not validators:
            raise FormatError("proof of authority needs a validator")
        return cls(consensus, bits, validators)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A header that meets its policy, the proof beside it, and the tries it took."""

    header: BlockHeader
    proof: bytes | None
    attempts: int


def seal(header: BlockHeader, policy: Policy, signer: Signer) -> Sealed | None:
    """The header made valid under the policy; None when it is another validator's turn."""
    if policy.consensus is Consensus.POW:
        mined, attempts = replace(
            header, consensus=Consensus.POW, difficulty_bits=policy.difficulty_bits
        ).mined()
        return Sealed(mined, None, attempts)
    if _validator(header, policy) != signer.verifier.public:
        return None
    header = replace(header, consensus=Consensus.POA, difficulty_bits=0, nonce=0)
    return Sealed(header, signer.sign(header.hash()), 1)


def violation(header: BlockHeader, proof: bytes | None, policy: Policy) -> str | None:
    """What is wrong with a block under the policy, or None."""
    if header.consensus is not policy.consensus:
        return (
            f"sealed by {header.consensus.name.lower()} where the policy says {policy.consensus.name.lower()}"
        )
    if policy.consensus is Consensus.POW:
        if header.difficulty_bits != policy.difficulty_bits:
            return (
                f"difficulty is {header.difficulty_bits} bits where the policy says {policy.difficulty_bits}"
            )
        return None if header.meets_difficulty() else "the hash does not meet the difficulty"
    try:
        Ed25519PublicKey.from_public_bytes(_validator(header, policy)).verify(proof or b"", header.hash())
    except InvalidSignature:
        return "the signature is not of the validator whose turn it was"
    return None


def _validator(header: BlockHeader, policy: Policy) -> bytes:
    return policy.validators[header.index % len(policy.validators)]
