------------------------------ MODULE RaftReconf ------------------------------
(* Raft with changes of membership as entries in the log, taken up as soon as *)
(* they are appended: joint (old and new majorities) or one server at a time. *)
(* The network is a bag of module Bags. Source: Ongaro and Ousterhout 2014,   *)
(* section 6, in the manner of etcd's specification.                          *)
EXTENDS Integers, FiniteSets, Sequences, Bags, TLC

CONSTANTS Server, InitialMembers, Target, Joint, MaxTerm, MaxLog, MaxInFlight, nobody

ASSUME /\ InitialMembers \subseteq Server /\ InitialMembers # {}
       /\ Target \in SUBSET Server
       /\ Joint \in BOOLEAN

VARIABLES term, vote, role, log, commit, granted, match, net
vars == <<term, vote, role, log, commit, granted, match, net>>
persistent == <<term, vote, log>>
volatile == <<role, commit, granted, match>>

\* A configuration is a pair of sets; the second is empty unless it is joint.
Config == {<<a, b>> : a \in (SUBSET Server) \ {{}}, b \in SUBSET Server}
ValueEntry(t) == [term |-> t, type |-> "value"]
ConfigEntry(t, c) == [term |-> t, type |-> "config", config |-> c]

LOCAL IsConfig(e) == e.type = "config"
ConfigIndices(l) == {n \in DOMAIN l : IsConfig(l[n])}
SetMax(S) == CHOOSE x \in S : \A y \in S : y <= x
ConfigAt(l) == l[SetMax(ConfigIndices(l))].config
Current(i) == ConfigAt(log[i])
Members(c) == c[1] \cup c[2]
IsJoint(c) == c[2] /= {}
MajorityOf(votes, S) == Cardinality(votes \cap S) * 2 > Cardinality(S)
Wins(votes, c) == /\ MajorityOf(votes, c[1])
                  /\ IsJoint(c) => MajorityOf(votes, c[2])
LastTerm(l) == l[Len(l)].term
UpToDate(m, l) == \/ m.lastTerm > LastTerm(l)
                  \/ m.lastTerm = LastTerm(l) /\ m.lastIndex >= Len(l)

RECURSIVE FoldSet(_, _, _)
FoldSet(Op(_, _), base, S) ==
    IF S = {} THEN base
    ELSE LET x == CHOOSE x \in S : TRUE IN Op(x, FoldSet(Op, base, S \ {x}))

SendAll(ms) == net' = net (+) SetToBag(ms)
Swap(m, reply) == net' = (net (-) SetToBag({m})) (+) SetToBag({reply})
Take(m) == net' = net (-) SetToBag({m})

Init ==
    /\ term = [i \in Server |-> 1]
    /\ vote = [i \in Server |-> nobody]
    /\ role = [i \in Server |-> "follower"]
    /\ log = [i \in Server |-> <<ConfigEntry(0, <<InitialMembers, {}>>)>>]
    /\ commit = [i \in Server |-> 1]
    /\ granted = [i \in Server |-> {}]
    /\ match = [i \in Server |-> [j \in Server |-> 0]]
    /\ net = EmptyBag

Campaign(i) ==
    /\ role[i] # "leader"
    /\ i \in Members(Current(i))
    /\ term' = [term EXCEPT ![i] = @ + 1]
    /\ vote' = [vote EXCEPT ![i] = i]
    /\ role' = [role EXCEPT ![i] = "candidate"]
    /\ granted' = [granted EXCEPT ![i] = {i}]
    /\ SendAll({[type |-> "vote", term |-> term'[i], from |-> i, to |-> j,
                 lastTerm |-> LastTerm(log[i]), lastIndex |-> Len(log[i])] :
                j \in Members(Current(i)) \ {i}})
    /\ UNCHANGED <<log, commit, match>>

Lead(i) ==
    /\ role[i] = "candidate"
    /\ Wins(granted[i], Current(i))
    /\ role' = [role EXCEPT ![i] = "leader"]
    /\ match' = [match EXCEPT ![i] = [j \in Server |-> IF j = i THEN Len(log[i]) ELSE 0]]
    /\ log' = [log EXCEPT ![i] = Append(@, ValueEntry(term[i]))]
    /\ UNCHANGED <<term, vote, commit, granted, net>>

Propose(i, c) ==
    /\ role[i] = "leader"
    /\ c # Current(i)
    /\ \A n \in ConfigIndices(log[i]) : n <= commit[i]   \* one change at a time
    /\ log[i][commit[i]].term = term[i]
    /\ log' = [log EXCEPT ![i] = @ \o <<ConfigEntry(term[i], c)>>]
    /\ UNCHANGED <<term, vote, volatile, net>>

ChangeMembers(i) ==
    LET now == Current(i)
        one == {<<S, {}>> : S \in {T \in SUBSET Server :
                    Cardinality((T \ now[1]) \cup (now[1] \ T)) = 1 /\ T # {}}}
        next == IF ~Joint THEN one
                ELSE IF IsJoint(now) THEN {<<now[2], {}>>}
                ELSE {<<now[1], Target>>}
    IN \E c \in next : Propose(i, c)

Replicate(i, j) ==
    /\ role[i] = "leader" /\ i # j
    /\ j \in Members(Current(i))
    /\ match[i][j] < Len(log[i])
    /\ LET m == [type |-> "append", term |-> term[i], from |-> i, to |-> j,
                 log |-> log[i], commit |-> commit[i]]
       IN ~BagIn(m, net) /\ SendAll({m})
    /\ UNCHANGED <<persistent, volatile>>

Commit(i) ==
    /\ role[i] = "leader"
    /\ \E n \in (commit[i] + 1)..Len(log[i]) :
        /\ log[i][n].term = term[i]
        /\ LET have == {j \in Server : (IF j = i THEN Len(log[i]) ELSE match[i][j]) >= n}
           IN Wins(have, ConfigAt(log[i]))
        /\ commit' = [commit EXCEPT ![i] = n]
    /\ UNCHANGED <<persistent, role, granted, match, net>>

StepDown(m) ==
    LET i == m.to IN
    /\ m.term > term[i]
    /\ term' = [term EXCEPT ![i] = m.term]
    /\ vote' = [vote EXCEPT ![i] = nobody]
    /\ role' = [role EXCEPT ![i] = "follower"]
    /\ UNCHANGED <<log, commit, granted, match, net>>

OnVote(m) ==
    LET i == m.to
        grant == m.term = term[i] /\ vote[i] \in {nobody, m.from} /\ UpToDate(m, log[i])
    IN /\ m.type = "vote" /\ m.term <= term[i]
       /\ vote' = IF grant THEN [vote EXCEPT ![i] = m.from] ELSE vote
       /\ Swap(m, [type |-> "voted", term |-> term[i], from |-> i, to |-> m.from, ok |-> grant])
       /\ UNCHANGED <<term, log, volatile>>

OnVoted(m) ==
    /\ m.type = "voted" /\ m.term <= term[m.to]
    /\ granted' = [granted EXCEPT ![m.to] =
                       @ \cup IF m.ok /\ m.term = term[m.to] THEN {m.from} ELSE {}]
    /\ Take(m)
    /\ UNCHANGED <<persistent, role, commit, match>>

OnAppend(m) ==
    LET i == m.to IN
    /\ m.type = "append" /\ m.term <= term[i]
    /\ IF m.term < term[i] THEN Take(m) /\ UNCHANGED <<log, commit, role>>
       ELSE /\ role' = [role EXCEPT ![i] = "follower"]
            /\ log' = [log EXCEPT ![i] =
                           IF Len(@) >= Len(m.log) /\ SubSeq(@, 1, Len(m.log)) = m.log
                           THEN @ ELSE m.log]
            /\ commit' = [commit EXCEPT ![i] = IF m.commit > @ THEN m.commit ELSE @]
            /\ Swap(m, [type |-> "appended", term |-> m.term, from |-> i, to |-> m.from,
                        upTo |-> Len(m.log)])
    /\ UNCHANGED <<term, vote, granted, match>>

OnAppended(m) ==
    /\ m.type = "appended" /\ m.term <= term[m.to]
    /\ LET i == m.to IN
       match' = IF role[i] = "leader" /\ m.term = term[i] /\ m.upTo > match[i][m.from]
                THEN [match EXCEPT ![i][m.from] = m.upTo]
                ELSE match
    /\ Take(m)
    /\ UNCHANGED <<persistent, role, commit, granted>>

Receive == \E m \in BagToSet(net) :
    StepDown(m) \/ OnVote(m) \/ OnVoted(m) \/ OnAppend(m) \/ OnAppended(m)

Next ==
    \/ \E i \in Server : Campaign(i) \/ Lead(i) \/ ChangeMembers(i) \/ Commit(i)
    \/ \E i, j \in Server : Replicate(i, j)
    \/ Receive

Spec == Init /\ [][Next]_vars

Bounds ==
    /\ FoldSet(LAMBDA i, worst : IF term[i] > worst THEN term[i] ELSE worst, 0, Server) <= MaxTerm
    /\ \A i \in Server : Len(log[i]) <= MaxLog
    /\ BagCardinality(net) <= MaxInFlight

TypeOK ==
    /\ \A i \in Server : Current(i) \in Config
    /\ IsABag(net)
    /\ \A i \in Server : commit[i] \in DOMAIN log[i]
OneLeader == \A i, j \in Server :
    role[i] = "leader" /\ role[j] = "leader" /\ term[i] = term[j] => i = j
CommittedAgree == \A i, j \in Server : \A n \in 1..commit[i] :
    n <= commit[j] => log[i][n] = log[j][n]
ConfigsOf(l) == SelectSeq(l, IsConfig)
OneStepConfigs == ~Joint => \A i \in Server : LET cs == ConfigsOf(log[i]) IN
    \A n \in 1..(Len(cs) - 1) :
        LET a == cs[n].config[1]  b == cs[n + 1].config[1]
        IN Cardinality((a \ b) \cup (b \ a)) = 1
NeverReconfigured == \A i \in Server : \A n \in 1..commit[i] :
    log[i][n].type = "config" => log[i][n].config[1] = InitialMembers
===============================================================================
