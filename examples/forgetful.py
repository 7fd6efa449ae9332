from dataclasses import replace

from my_raft import MyRaft


class Forgetful(MyRaft):
    def restart(self, server):
        return replace(super().restart(server), vote=None)
