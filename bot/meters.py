"""What this process counts of its own work, for whoever watches it: numbers by kind, of nobody in particular.

A count begins at nought with the process and is made after the commit of what it counts (see `Tx.after`): what was
undone was never done. What stands in the database (who waits, how long) is asked of it when somebody looks.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
VERDICT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)

# A time of birth for every count would double the page.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

updates = Counter(
    "koppi_updates",
    "What channels brought, once it is committed. Repeated: it was here before, and changed nothing.",
    ["channel", "repeated"],
    registry=REGISTRY,
)
verdicts = Counter("koppi_verdicts", "What the FAQ made of a question.", ["kind"], registry=REGISTRY)
decisions = Counter("koppi_decisions", "What was decided on an update.", ["kind"], registry=REGISTRY)
quarantined = Counter("koppi_quarantined", "Updates set aside: unreadable, or failed too often.", registry=REGISTRY)
deliveries = Counter(
    "koppi_deliveries",
    "Ends of tries to send. Sent; repeated: sent, and may have arrived before; uncertain: may have arrived, and is "
    "tried once more; again: did not arrive, and is tried again; failed: given up.",
    ["channel", "result"],
    registry=REGISTRY,
)
refits = Counter(
    "koppi_faq_refits",
    "Changes of the FAQ in use. Patched: brought up to an edit at once; fitted: all of it fitted anew.",
    ["how"],
    registry=REGISTRY,
)
to_decision = Histogram(
    "koppi_received_to_decided_seconds",
    "From an update's receipt until the moment its decision bears in the database.",
    buckets=SECONDS,
    registry=REGISTRY,
)
judging = Histogram(
    "koppi_verdict_seconds", "How long the verdict on a question took.", buckets=VERDICT_SECONDS, registry=REGISTRY
)
to_sending = Histogram(
    "koppi_decided_to_sent_seconds",
    "From the moment a message was decided on until its channel had taken it; of what somebody waits for.",
    ["channel"],
    buckets=SECONDS,
    registry=REGISTRY,
)

# Known beforehand, so that they stand at nought from the start: a rate has to begin somewhere.
for _kind in ("answer", "choices", "escalate", "smalltalk", "crisis"):
    verdicts.labels(_kind)
for _how in ("patched", "fitted"):
    refits.labels(_how)
