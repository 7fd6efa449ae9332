"""What the spec lets one server do, and whether that is what was logged.

In: RaftTrace.tla and RaftInvariants.tla; what an event says. Out: steps of one server on one
message (`protocol`; `extended` while features are on); whether they agree with what was logged
(`matching`, after `checks` that it can be meant) and keep the `invariants`, and else which of their
`instances` does not hold. `logs` share what they have in common, and hold `configurations`;
`changes` are what leads from one to the next; `earlier` is what may have been sent before the trace
begins. Of traces that have steps in common it is `remembered` what was found of these.
"""
