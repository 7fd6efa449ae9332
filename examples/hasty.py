from raft_ref.features import ExtendedNode


class Hasty(ExtendedNode):
    def has_committed_in_term(self, state):  # HasCommittedInTerm of Membership.tla
        return True
