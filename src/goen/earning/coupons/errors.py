"""Refusals about kinds of coupons and their codes."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class UnknownCouponKind(Refusal):
    """There is no kind of coupon of this code, or no such version of it."""

    code = "unknown_coupon_kind"

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no kind of coupon {kind!r}.", kind=kind)


class UnknownCoupon(Refusal):
    """There is no coupon of this code."""

    code = "unknown_coupon"

    def __init__(self, coupon: str) -> None:
        super().__init__(f"There is no coupon {coupon!r}.", coupon=coupon)


class CouponKindExists(Refusal):
    """Another kind of coupon has this code."""

    code = "coupon_kind_exists"

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is a kind of coupon {kind!r} already.", kind=kind)


class CouponCodeTaken(Refusal):
    """Another coupon has this public code, now or before: what was printed once keeps its meaning."""

    code = "coupon_code_taken"

    def __init__(self, coupon: str) -> None:
        super().__init__(f"The code {coupon!r} is another coupon's.", coupon=coupon)


class BatchDiffers(Refusal):
    """A batch of this name was made of this kind, but something else was asked for then."""

    code = "coupon_batch_differs"

    def __init__(self, kind: str, batch: str) -> None:
        super().__init__(f"The batch {batch!r} of {kind!r} was asked for with other content.", kind=kind, batch=batch)


class EmptySegment(Refusal):
    """Nobody is in the segment, or nobody who may have a coupon; the name of the batch stays free."""

    code = "empty_segment"

    def __init__(self, segment: str) -> None:
        super().__init__(f"Nobody is in the segment {segment!r} who could get a coupon.", segment=segment)


class KindStopped(Refusal):
    """The kind of coupon was stopped; no more of it are issued."""

    code = "coupon_kind_stopped"

    def __init__(self, kind: str) -> None:
        super().__init__(f"The kind of coupon {kind!r} was stopped.", kind=kind)
