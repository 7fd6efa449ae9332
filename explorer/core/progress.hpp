// From which of the states found a goal can still be reached: see explorer/results/progress.py.
//
// No steps are stored. The table of states is swept again and again, until a sweep changes nothing:
// each state that is not known to be good is expanded once, and becomes good if a step out of it
// leads to a good one. So that few sweeps do, a sweep goes on from such a state to those that follow
// it, depth first, and once it meets a good one, its whole way there is good. What a sweep finds
// depends on who sweeps what first; what all of them find does not.
#pragma once

#include <memory>

#include "parallel.hpp"
#include "search.hpp"

namespace explorer {

struct Outlook {
    Ending ending = Ending::covered;
    std::uint64_t asked = 0;  // the states in which the premise holds
    std::uint64_t stuck = 0;  // those of them from which the goal cannot be reached
};

class Progress {
   public:
    using Heartbeat = std::function<bool(const Found&)>;

    // `search` has covered everything. `question`: the number of the premise and goal for `model`;
    // `of_servers`: whether they read nothing but the servers and the history.
    Progress(Search& search, Model& model, std::uint32_t question, bool of_servers)
        : search_(search), model_(model), question_(question), of_servers_(of_servers) {}

    // The heartbeat is told, as the queue, how many states are not known to be good yet.
    Outlook look(const Heartbeat& heartbeat) {
        Outlook outlook;
        const std::size_t slots = search_.visited_.slots();
        const std::size_t servers = search_.servers() + 1;
        if (resident_bytes() + (slots + servers) * sizeof(Mark) > search_.setting_.memory) {
            outlook.ending = Ending::out_of_memory;
            return outlook;
        }
        marks_ = Marks(new Mark[slots]{});
        answers_ = Marks(new Mark[servers]{});
        outlook.ending = Ending::interrupted;
        undecided_ = search_.found_.tally.distinct;
        if (!sweep(heartbeat, [&](std::size_t slot, std::uint64_t key, Tally&) {
                const std::uint8_t answer = asked(key);
                marks_[slot].store(answer, std::memory_order_relaxed);
                if (answer & good) --undecided_;
            }))
            return outlook;
        std::uint64_t before;
        do {
            before = undecided_;
            for (std::size_t slot = 0; slot < slots; ++slot)
                marks_[slot].fetch_and(static_cast<std::uint8_t>(~tried), std::memory_order_relaxed);
            if (!sweep(heartbeat, [&](std::size_t slot, std::uint64_t key, Tally& unused) {
                    if (!is(slot, good)) look_from(slot, key, unused);
                }))
                return outlook;
        } while (undecided_ != before);
        outlook.ending = Ending::covered;
        for (std::size_t slot = 0; slot < slots; ++slot) {
            outlook.asked += is(slot, due);
            outlook.stuck += is_stuck(slot);
        }
        return outlook;
    }

    // The states of the servers, and the history, of which some state is stuck; so many at most.
    std::vector<Shape> stuck_places(std::size_t most) {
        std::vector<Word> met;
        for (std::size_t slot = 0; slot < search_.visited_.slots(); ++slot)
            if (is_stuck(slot)) met.push_back(search_.space_.servers(search_.visited_.at(slot)));
        std::sort(met.begin(), met.end());
        met.erase(std::unique(met.begin(), met.end()), met.end());
        std::vector<Shape> places;
        for (const Word servers : met) {
            if (places.size() == most) break;
            places.push_back(search_.space_.steps().shape(servers, Faults{}));
        }
        return places;
    }

    // Find the shortest ways to a stuck state, for Search::is_on_the_way; false if the heartbeat
    // says to stop. There must be a stuck state.
    bool find_ways(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat) {
        std::vector<std::vector<std::uint64_t>> levels{{search_.initial_key(nodes, history)}};
        mark(slot_of(levels[0][0]), met);
        Tally unused = tally();
        std::vector<std::uint64_t> way;
        while (way.empty()) {
            for (std::uint64_t key : levels.back())
                if (is_stuck(slot_of(key))) way.push_back(key);
            if (!way.empty()) break;
            std::vector<std::uint64_t> next;
            for (std::uint64_t key : levels.back()) {
                if (!search_.is_alive(heartbeat)) return false;
                follow(key, unused, met, next);
            }
            levels.push_back(std::move(next));
        }
        std::vector<std::vector<std::uint64_t>>& ways = search_.ways_;
        ways.clear();
        for (levels.pop_back();; levels.pop_back()) {
            std::sort(way.begin(), way.end());
            ways.push_back(std::move(way));
            if (levels.empty()) break;
            way.clear();
            for (std::uint64_t key : levels.back()) {
                if (!search_.is_alive(heartbeat)) return false;
                if (search_.leads_to(key, ways.back(), unused)) way.push_back(key);
            }
        }
        std::reverse(ways.begin(), ways.end());
        return true;
    }

    std::size_t reach() const { return search_.ways_.size() - 1; }

    // How many steps each bound kept from happening, in all states that can be reached from one;
    // nothing if the heartbeat says to stop.
    std::vector<std::uint64_t> cut_from(const Shape& state, const Heartbeat& heartbeat) {
        Tally tally = this->tally();
        std::vector<std::uint64_t> waiting{search_.space_.key_of(state)};
        mark(slot_of(waiting[0]), beyond);
        while (!waiting.empty()) {
            if (!search_.is_alive(heartbeat)) return {};
            const std::uint64_t key = waiting.back();
            waiting.pop_back();
            follow(key, tally, beyond, waiting);
        }
        return tally.cut;
    }

   private:
    using Mark = std::atomic<std::uint8_t>;
    using Marks = std::unique_ptr<Mark[]>;
    // What is known of a state; the model answers with the first two.
    static constexpr std::uint8_t due = 1, good = 2, met = 4, beyond = 8, answered = 16, tried = 32;
    static constexpr std::size_t chunk = 4096, max_way = 1024;

    bool is(std::size_t slot, std::uint8_t what) const {
        return (marks_[slot].load(std::memory_order_relaxed) & what) != 0;
    }
    bool is_stuck(std::size_t slot) const { return is(slot, due) && !is(slot, good); }
    // Tell whether it was not marked so before.
    bool mark(std::size_t slot, std::uint8_t what) {
        return (marks_[slot].fetch_or(what, std::memory_order_relaxed) & what) == 0;
    }
    std::size_t slot_of(std::uint64_t key) const { return search_.visited_.find(key); }
    Tally tally() const { return Tally(search_.setting_); }

    // Whether premise and goal hold in a state.
    std::uint8_t asked(std::uint64_t key) {
        const Word servers = search_.space_.servers(key);
        if (of_servers_)
            if (const std::uint8_t known = answers_[servers].load(std::memory_order_relaxed))
                return known & (due | good);
        const Shape shape = search_.space_.shape_of(key);
        std::lock_guard lock(asking_);
        const std::uint8_t answer = model_.outlook(question_, shape);
        answers_[servers].store(answer | answered, std::memory_order_relaxed);
        return answer;
    }

    // A state on the way, and where among all that is still to be tried its successors begin.
    struct Stop {
        std::size_t slot, begin;
    };

    // Look for a good state from one on, through states that were not tried in this sweep.
    void look_from(std::size_t slot, std::uint64_t key, Tally& unused) {
        std::vector<Stop> way;
        std::vector<std::uint64_t> to_try;
        while (!stop_) {
            if (mark(slot, tried)) {
                way.push_back({slot, to_try.size()});
                if (leads_to_good(key, unused, to_try)) {
                    for (const Stop& each : way)
                        if (mark(each.slot, good)) --undecided_;
                    return;
                }
                if (way.size() == max_way) to_try.resize(way.back().begin);
            }
            while (!way.empty() && to_try.size() == way.back().begin) way.pop_back();
            if (way.empty()) return;
            key = to_try.back();
            to_try.pop_back();
            slot = slot_of(key);
        }
    }

    // Whether a step leads to a good state; what else they lead to is added to `to_try`.
    bool leads_to_good(std::uint64_t key, Tally& unused, std::vector<std::uint64_t>& to_try) {
        bool leads = false;
        search_.space_.expand(key, unused, [&](Edge*, bool, std::uint64_t next, const auto&) {
            if (leads) return;
            const std::size_t slot = slot_of(next);
            leads = is(slot, good);
            if (!leads && !is(slot, tried)) to_try.push_back(next);
        });
        return leads;
    }

    // Mark the states that a step leads to, and add those that were not marked to `next`.
    void follow(std::uint64_t key, Tally& tally, std::uint8_t what,
                std::vector<std::uint64_t>& next) {
        search_.space_.expand(key, tally, [&](Edge*, bool, std::uint64_t after, const auto&) {
            const std::size_t slot = slot_of(after);
            if (is(slot, what)) return;
            mark(slot, what);
            next.push_back(after);
        });
    }

    // Call visit(slot, key, tally) for each state; false if the heartbeat says to stop.
    template <class Visit>
    bool sweep(const Heartbeat& heartbeat, Visit visit) {
        const std::size_t slots = search_.visited_.slots();
        std::atomic<std::size_t> next{0};
        stop_ = false;
        const auto work = [&](std::size_t) {
            Tally unused = tally();
            for (std::size_t from; !stop_ && (from = next.fetch_add(chunk)) < slots;)
                for (std::size_t slot = from; slot < std::min(from + chunk, slots); ++slot)
                    if (const std::uint64_t key = search_.visited_.at(slot); key != 0)
                        visit(slot, key, unused);
        };
        const auto tick = [&] {
            search_.found_.queue = undecided_;
            if (!search_.is_alive(heartbeat)) stop_ = true;
        };
        in_threads(search_.setting_.threads, stop_, work, tick);
        return !stop_;
    }

    Search& search_;
    Model& model_;
    std::mutex asking_;
    std::uint32_t question_;
    bool of_servers_;
    Marks marks_, answers_;
    std::atomic<std::uint64_t> undecided_{0};
    std::atomic<bool> stop_{false};
};

}  // namespace explorer
