// In which of the states found a fair run can stay for ever without meeting its goal: see
// explorer/liveness/ for what that means.
//
// No steps are stored. From the states in which a run may be while the goal is awaited, those are
// taken away, until nothing changes, to which no other of them leads (but those in which a run may
// end), and those that cannot be reached, within them, from where some fairness is met. What is left
// is empty exactly if no fair run refutes the goal: of states that lead to each other, and to which
// no others lead, each is reached from all that is needed, and that can only be from among
// themselves. (Emerson and Lei, 1986; for strong fairness Kesten, Pnueli, Raviv and Shahar, 2006;
// taking away what nothing leads to: OWCTY of Cerna and Pelanek, 2003.)
//
// Each pass goes through the table of states in threads; what they find does not depend on who
// meets what first. A state has a byte for what is known of it, and one for how many lead to it.
#pragma once

#include <memory>

#include "parallel.hpp"
#include "search.hpp"

namespace explorer {

// What is asked of the goal, and of steps that bounds forbid; by one thread at a time.
class LiveQuestions {
   public:
    virtual ~LiveQuestions() = default;
    // Called by each thread that is going to ask; it holds the result as long as it does.
    virtual std::shared_ptr<void> guest() { return nullptr; }
    // A sum of Liveness::begins, awaited and again.
    virtual std::uint8_t asked(const Shape&) = 0;
    // The labels, in one, of the steps of servers without a message that their own bounds forbid.
    virtual std::uint64_t kept(const Shape& servers) = 0;
};

// What runs are relied on for. Of a label, bit k stands for the k-th fairness; the bit above all of
// them says that the step is not at rest.
struct Assumed {
    std::vector<std::vector<std::uint64_t>> labels;  // by names, and by the position of the server
    std::uint64_t lost = 0;                          // of a message that is lost
    unsigned fair = 0;                               // how many fairnesses there are
    std::uint64_t strong = 0;                        // which of them are strong, as bits
    bool begins_anywhere = true;  // the goal may be due from other states than the initial one on
    bool of_servers = false;      // the goal reads nothing but the servers and the history
};

class Liveness {
   public:
    using Heartbeat = std::function<bool(const Found&)>;
    // What is known of a state. The goal is due from it on; a run may be in it while it is awaited
    // (and, later, can be); it must be in such states again and again.
    static constexpr std::uint8_t begins = 1, awaited = 2, again = 4;

    // `search` has covered everything, without symmetry and without reduction.
    Liveness(Search& search, LiveQuestions& questions, Assumed assumed)
        : search_(search), questions_(questions), assumed_(std::move(assumed)),
          moves_(std::uint64_t{1} << assumed_.fair) {}

    struct Answer {
        Ending ending = Ending::covered;
        std::uint64_t awaited = 0;  // the states in which a run may be while the goal is awaited
        std::uint64_t enabled = 0;  // the labels of all steps in one
        bool is_refuted = false;    // some fair run does not meet the goal
        bool is_clear = false;      // whatever the bounds
    };

    // The heartbeat is told, as the queue, how many states are left.
    Answer answer(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat) {
        Answer answer;
        const std::size_t slots = search_.visited_.slots(), servers = search_.servers() + 1;
        if (resident_bytes() + slots * 2 * sizeof(Byte) + servers * (sizeof(Byte) + sizeof(Kept)) >
            search_.setting_.memory) {
            answer.ending = Ending::out_of_memory;
            return answer;
        }
        marks_ = Bytes(new Byte[slots]{});
        counts_ = Bytes(new Byte[slots]{});
        answers_ = Bytes(new Byte[servers]{});
        kept_ = std::unique_ptr<Kept[]>(new Kept[servers]{});
        initial_ = search_.initial_key(nodes, history);
        answer.ending = Ending::interrupted;
        if (!find_awaited(heartbeat)) return answer;
        answer.awaited = left_;
        if (!converge(heartbeat)) return answer;
        answer.is_refuted = left_ > 0;
        if (answer.is_refuted) {
            keep(saved);
            is_without_bounds_ = true;
            if (!converge(heartbeat)) return answer;
            answer.is_clear = is_without_bounds_ = left_ > 0;
            if (answer.is_clear) keep(saved);
        }
        if (!sweep(heartbeat, 0, [&](std::size_t, std::uint64_t key, Worker& worker) {
                if ((enabled_ & (moves_ - 1)) != moves_ - 1) follow(key, worker);
            }))
            return answer;
        answer.enabled = enabled_;
        answer.ending = Ending::covered;
        return answer;
    }

   private:
    friend class LassoWays;
    using Byte = std::atomic<std::uint8_t>;
    using Bytes = std::unique_ptr<Byte[]>;
    using Kept = std::atomic<std::uint64_t>;
    // It is still among those that are looked at; a run may end in it; it was reached, or need not
    // be; it was left when this was last kept.
    static constexpr std::uint8_t in = 8, end = 16, closed = 32, exempt = 64, saved = 128;
    static constexpr std::uint8_t many = 255;  // so many lead to it, or more
    static constexpr std::size_t chunk = 4096;
    static constexpr std::uint64_t known = std::uint64_t{1} << 63;

    struct Step {
        std::uint64_t label, key;
    };
    struct Worker {
        Tally tally;
        std::vector<Step> steps;           // out of the state that was followed last
        std::uint64_t enabled = 0;         // their labels in one, with those that bounds forbid
        std::vector<std::uint64_t> stack;  // states that are still to be followed
    };

    bool is(std::size_t slot, std::uint8_t what) const {
        return (marks_[slot].load(std::memory_order_relaxed) & what) == what;
    }
    // Tell whether it was not marked so before, or was.
    bool mark(std::size_t slot, std::uint8_t what) {
        return (marks_[slot].fetch_or(what, std::memory_order_relaxed) & what) == 0;
    }
    bool unmark(std::size_t slot, std::uint8_t what) {
        const auto rest = static_cast<std::uint8_t>(~what);
        return (marks_[slot].fetch_and(rest, std::memory_order_relaxed) & what) != 0;
    }
    std::size_t slot_of(std::uint64_t key) const { return search_.visited_.find(key); }
    template <class Visit>
    void each_slot(Visit visit) {
        for (std::size_t slot = 0; slot < search_.visited_.slots(); ++slot) visit(slot);
    }
    void keep(std::uint8_t what) {
        each_slot([&](std::size_t slot) { is(slot, in) ? mark(slot, what) : unmark(slot, what); });
    }

    // ---- Steps

    std::uint64_t label(const Edge* edge, bool again) const {
        if (edge == nullptr) return assumed_.lost;
        return assumed_.labels[again ? edge->names_again : edge->names][edge->origin->step.position];
    }

    struct Visitor {
        const Liveness& liveness;
        std::uint64_t from;
        Worker& worker;
        std::uint64_t kept_ = 0;
        void operator()(const Edge* edge, bool again, std::uint64_t next, const auto&) {
            if (next == from) return;  // what changes nothing is no step
            liveness.search_.visited_.prefetch(liveness.search_.visited_.home(next));
            worker.steps.push_back({liveness.label(edge, again), next});
        }
        // A step that a bound forbids; of a message that is received once more that is a fault's.
        void kept(const Edge& edge, bool again) {
            if (!again) kept_ |= liveness.label(&edge, false);
        }
    };

    // Find the steps out of a state, and what is enabled there.
    void follow(std::uint64_t key, Worker& worker) {
        worker.steps.clear();
        Visitor visitor{*this, key, worker};
        search_.space_.expand(key, worker.tally, visitor);
        worker.enabled = 0;
        for (const Step& step : worker.steps) worker.enabled |= step.label;
        if ((enabled_.load(std::memory_order_relaxed) | worker.enabled) != enabled_)
            enabled_ |= worker.enabled;
        if (is_without_bounds_) worker.enabled |= visitor.kept_ | kept_own(key);
    }

    std::uint64_t kept_own(std::uint64_t key) {
        const Word servers = search_.space_.servers(key);
        Kept& kept = kept_[servers];
        if (const std::uint64_t is_known = kept.load(std::memory_order_relaxed))
            return is_known & ~known;
        const Shape shape = search_.space_.steps().shape(servers, Faults{});
        std::lock_guard lock(asking_);
        if (kept.load(std::memory_order_relaxed) == 0) kept = known | questions_.kept(shape);
        return kept.load(std::memory_order_relaxed) & ~known;
    }

    // Call visit(slot, key) for each state, among those looked at, that can be next for ever.
    template <class Visit>
    void each_next(const Worker& worker, std::uint64_t wanted, Visit visit) {
        for (const Step& step : worker.steps) {
            if ((step.label & wanted) != wanted) continue;
            const std::size_t slot = slot_of(step.key);
            if (is(slot, in)) visit(slot, step.key);
        }
    }

    // ---- Where the goal is awaited

    std::uint8_t asked(std::uint64_t key) {
        Byte& answer = answers_[search_.space_.servers(key)];
        constexpr std::uint8_t answered = 128;
        const auto is_known = [&] {
            return assumed_.of_servers && answer.load(std::memory_order_relaxed) != 0;
        };
        if (!is_known()) {
            const Shape shape = search_.space_.shape_of(key);
            std::lock_guard lock(asking_);
            if (!is_known()) {
                const std::uint8_t found = questions_.asked(shape);
                answer.store(found | answered, std::memory_order_relaxed);
                return found;
            }
        }
        return answer.load(std::memory_order_relaxed) & static_cast<std::uint8_t>(~answered);
    }

    // Ask of each state, and find those in which a run may be while the goal is awaited.
    bool find_awaited(const Heartbeat& heartbeat) {
        std::atomic<bool> is_partial{false};
        left_ = search_.found_.tally.distinct;
        if (!sweep(heartbeat, 0, [&](std::size_t slot, std::uint64_t key, Worker&) {
                std::uint8_t answer = asked(key);
                if (!assumed_.begins_anywhere && key == initial_ && (answer & awaited))
                    answer |= begins;
                marks_[slot].store(answer, std::memory_order_relaxed);
                if ((answer & (awaited | begins)) == awaited) is_partial = true;
                if ((answer & (awaited | again)) == awaited) is_choosy_ = true;
            }))
            return false;
        // From here on `in` are those that may be, and `closed` those of them that were reached.
        each_slot([&](std::size_t slot) {
            if (is(slot, awaited)) mark(slot, in | (is_partial ? 0 : closed));
        });
        if (is_partial &&
            !sweep(heartbeat, in | begins, [&](std::size_t slot, std::uint64_t key, Worker& worker) {
                if (mark(slot, closed)) worker.stack.push_back(key);
                close(worker, 0);
            }))
            return false;
        left_ = 0;
        each_slot([&](std::size_t slot) {
            if (is(slot, in | closed))
                ++left_;
            else
                unmark(slot, in | awaited);
        });
        return true;
    }

    // Reach all that follows what is on the stack.
    void close(Worker& worker, std::uint64_t wanted) {
        while (!worker.stack.empty() && !stop_) {
            const std::uint64_t key = worker.stack.back();
            worker.stack.pop_back();
            follow(key, worker);
            each_next(worker, wanted, [&](std::size_t slot, std::uint64_t next) {
                if (mark(slot, closed)) worker.stack.push_back(next);
            });
        }
    }

    // ---- Taking away

    // Take states away until nothing changes; false if the heartbeat says to stop.
    bool converge(const Heartbeat& heartbeat) {
        for (std::uint64_t before = left_ + 1; left_ > 0 && left_ < before;) {
            before = left_;
            if (!take_what_nothing_leads_to(heartbeat)) return false;
            if (is_choosy_ && left_ > 0 && !take_unreached(heartbeat, again_and_again)) return false;
            for (unsigned fair = 0; fair < assumed_.fair && left_ > 0; ++fair)
                if (!take_unreached(heartbeat, fair)) return false;
        }
        return true;
    }

    // Of states to which very many lead that is known the next time.
    bool take_what_nothing_leads_to(const Heartbeat& heartbeat) {
        each_slot([&](std::size_t slot) {
            counts_[slot].store(0, std::memory_order_relaxed);
            unmark(slot, end);
        });
        return sweep(heartbeat, in, [&](std::size_t slot, std::uint64_t key, Worker& worker) {
            follow(key, worker);
            if ((worker.enabled & moves_) == 0) mark(slot, end);
            each_next(worker, moves_, [&](std::size_t next, std::uint64_t) { count(next); });
        }) && sweep(heartbeat, in, [&](std::size_t slot, std::uint64_t key, Worker& worker) {
            take_if_none_leads(slot, key, worker);
            while (!worker.stack.empty() && !stop_) {
                const std::uint64_t taken = worker.stack.back();
                worker.stack.pop_back();
                follow(taken, worker);
                each_next(worker, moves_, [&](std::size_t next, std::uint64_t after) {
                    if (uncount(next)) take_if_none_leads(next, after, worker);
                });
            }
        });
    }

    void take_if_none_leads(std::size_t slot, std::uint64_t key, Worker& worker) {
        if (counts_[slot].load(std::memory_order_relaxed) != 0 || is(slot, end)) return;
        if (!unmark(slot, in)) return;  // somebody else was faster
        --left_;
        worker.stack.push_back(key);
    }

    void count(std::size_t slot) {
        std::uint8_t was = counts_[slot].load(std::memory_order_relaxed);
        while (was != many && !counts_[slot].compare_exchange_weak(was, was + 1)) {
        }
    }
    // Tell whether it was the last.
    bool uncount(std::size_t slot) {
        std::uint8_t was = counts_[slot].load(std::memory_order_relaxed);
        while (was != many && !counts_[slot].compare_exchange_weak(was, was - 1)) {
        }
        return was == 1;
    }

    static constexpr unsigned again_and_again = ~0u;

    // Take away what is not reached from where one fairness is met (or a state that has to come
    // again and again). What has strong fairness need not be taken where it is not enabled.
    bool take_unreached(const Heartbeat& heartbeat, unsigned fair) {
        each_slot([&](std::size_t slot) { unmark(slot, closed | exempt); });
        const bool is_strong = fair != again_and_again && (assumed_.strong >> fair & 1);
        if (!sweep(heartbeat, in, [&](std::size_t slot, std::uint64_t key, Worker& worker) {
                if (fair == again_and_again) {
                    if (is(slot, again) && mark(slot, closed)) worker.stack.push_back(key);
                    return close(worker, moves_);
                }
                follow(key, worker);
                if ((worker.enabled >> fair & 1) == 0) {
                    if (is_strong)
                        mark(slot, exempt);
                    else if (mark(slot, closed))
                        worker.stack.push_back(key);
                }
                const std::uint64_t taken = moves_ | std::uint64_t{1} << fair;
                each_next(worker, taken, [&](std::size_t next, std::uint64_t after) {
                    if (mark(next, closed)) worker.stack.push_back(after);
                });
                close(worker, moves_);
            }))
            return false;
        each_slot([&](std::size_t slot) {
            if (is(slot, in) && !is(slot, closed) && !is(slot, exempt)) {
                unmark(slot, in);
                --left_;
            }
        });
        return true;
    }

    // Call visit(slot, key, worker) for each state that is marked so; false if the heartbeat says to
    // stop.
    template <class Visit>
    bool sweep(const Heartbeat& heartbeat, std::uint8_t what, Visit visit) {
        const std::size_t slots = search_.visited_.slots();
        std::atomic<std::size_t> next{0};
        stop_ = false;
        const auto work = [&](std::size_t) {
            const auto guest = questions_.guest();
            Worker worker{Tally(search_.setting_), {}, 0, {}};
            for (std::size_t from; !stop_ && (from = next.fetch_add(chunk)) < slots;)
                for (std::size_t slot = from; slot < std::min(from + chunk, slots); ++slot)
                    if (is(slot, what) && !stop_)
                        if (const std::uint64_t key = search_.visited_.at(slot); key != 0)
                            visit(slot, key, worker);
        };
        const auto tick = [&] {
            search_.found_.queue = left_;
            if (!search_.is_alive(heartbeat)) stop_ = true;
        };
        in_threads(slots > few ? search_.setting_.threads : 1, stop_, work, tick);
        return !stop_;
    }
    static constexpr std::size_t few = std::size_t{1} << 17;  // slots that one thread goes through

    Search& search_;
    LiveQuestions& questions_;
    std::mutex asking_;
    Assumed assumed_;
    std::uint64_t moves_, initial_ = 0;
    Bytes marks_, counts_, answers_;
    std::unique_ptr<Kept[]> kept_;
    std::atomic<std::uint64_t> left_{0}, enabled_{0};
    std::atomic<bool> stop_{false}, is_choosy_{false};
    bool is_without_bounds_ = false;
};

}  // namespace explorer
