// Breadth-first search, level by level, by several threads.
//
// All threads take blocks of states from the level, take every step out of them, and add what is
// new to the next level. What they find does not depend on who takes which block.
#pragma once

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "crew.hpp"
#include "keeper.hpp"
#include "level.hpp"
#include "memory.hpp"
#include "outgrown.hpp"
#include "parallel.hpp"
#include "pending.hpp"
#include "space.hpp"
#include "visited.hpp"
#include "ways.hpp"

namespace explorer {

class Checkpoint;
class LassoWays;
class Liveness;
class Progress;

class Search {
    friend class Checkpoint;
    friend class LassoWays;
    friend class Liveness;
    friend class Progress;

   public:
    Search(Model& model, std::vector<Property> properties, Setting setting)
        : model_(model),
          setting_(std::move(setting)),
          space_(model, std::move(properties), setting_),
          visited_(setting_.memory) {}

    // What is in flight in the state that is searched from; nothing, if nobody says so.
    void begin_with(std::vector<Message> messages) { in_flight_ = std::move(messages); }

    // Search from a state. `heartbeat` is called several times a second, and returns false to stop;
    // `keeper` keeps now and then what was found.
    Found run(const std::vector<Node>& nodes, History history,
              const std::function<bool(const Found&)>& heartbeat, Keeper* keeper = nullptr) {
        keeper_ = keeper;
        if (std::exchange(is_restored_, false)) return levels_from_here(heartbeat, false);
        return levels(nodes, history, heartbeat, false);
    }

    // Search again, and find out which states are on a shortest way to a violation. The last search
    // must have ended with one; so has this one, unless it was stopped.
    Ending find_ways(const std::vector<Node>& nodes, History history,
                   const std::function<bool(const Found&)>& heartbeat) {
        visited_.clear();
        keeper_ = nullptr;
        ways_.clear();
        const Ending ending = levels(nodes, history, heartbeat, true).ending;
        if (ending != Ending::violated) return ending;
        Tally unused(setting_);
        while (!kept_.empty()) {
            std::vector<std::uint64_t> way;
            for (const Level::Block& block : kept_.back().blocks())
                for (std::uint64_t key : block)
                    if (ways_.empty() ? violates(key, unused) : leads_to(key, ways_.back(), unused))
                        way.push_back(key);
            std::sort(way.begin(), way.end());
            ways_.push_back(std::move(way));
            kept_.pop_back();
        }
        std::reverse(ways_.begin(), ways_.end());
        return ending;
    }

    // Whether a state, so many steps from the initial one, is on one of these ways.
    bool is_on_the_way(std::size_t number, const Shape& state) {
        do {
            try {
                return explorer::is_on_the_way(space_, ways_, number, state);
            } catch (const Overflow&) {
            }
        } while (lay_out_anew());
        return false;  // what no key has room for was never met
    }

    const Verdicts& verdicts() const { return space_.verdicts(); }
    std::size_t servers() const { return space_.steps().servers(); }

   private:
    struct Worker {
        Level next;
        Tally tally;
        bool violated = false;
        std::size_t quota = 0;
        static constexpr std::size_t recents = std::size_t{1} << 14;
        Pending pending;
        std::vector<std::uint64_t> recent = std::vector<std::uint64_t>(recents);
    };

    // ---- Layout

    // Go on with keys that have more room; false if there are none.
    bool lay_out_anew() {
        outgrown_ = false;
        const auto each_other = [&](auto change) {
            for (Level* level : {&front_.level, &front_.next}) level->each(change);
            for (Level& level : kept_) level.each(change);
            change_ways(ways_, change);
        };
        if (!explorer::lay_out_anew(space_, visited_, each_other)) return false;
        if (keeper_ != nullptr) keeper_->have_other_keys();
        return true;
    }

    // ---- Levels

    Found levels(const std::vector<Node>& nodes, History history,
                 const std::function<bool(const Found&)>& heartbeat, bool keep_levels) {
        found_ = Found{};
        found_.tally = Tally(setting_);
        kept_.clear();
        std::uint64_t initial = 0;
        while (true) {
            try {
                initial = initial_key(nodes, history);
                break;
            } catch (const Overflow&) {
                if (!lay_out_anew()) return stopped(Ending::out_of_numbers);
            }
        }
        visited_.insert(initial, visited_.home(initial));
        distinct_seen_ = found_.tally.distinct = 1;
        transitions_seen_ = 0;
        found_.depth = 1;
        if (space_.is_bad(initial)) return ended(Ending::violated);
        front_ = Front{};
        front_.level.add(initial);
        if (keeper_ != nullptr) keeper_->begin();
        return levels_from_here(heartbeat, keep_levels);
    }

    Found levels_from_here(const std::function<bool(const Found&)>& heartbeat, bool keep_levels) {
        while (front_.level.size() > 0 || front_.is_inside) {
            if (!is_alive(heartbeat)) return stopped(Ending::interrupted);
            if (!front_.is_inside && found_.depth >= setting_.limits.depth) {
                found_.cut_by_depth = found_.queue = front_.level.size();
                break;
            }
            if (keep_levels) kept_.push_back(front_.level);
            front_.is_inside = true;
            const Ending ending = expand_level(heartbeat);
            if (ending != Ending::covered) return stopped(ending);
            found_.covered_depth = found_.depth;
            found_.depth += front_.next.size() > 0;
            if (front_.is_violated) return ended(Ending::violated);
            if (keeper_ != nullptr) keeper_->end_of_level();
            front_.level = std::move(front_.next);
            front_.is_inside = false;
            if (is_due() && !keeper_->keep()) return ended(Ending::interrupted);
        }
        return ended(Ending::covered);
    }

    Found stopped(Ending ending) {
        if (keeper_ != nullptr) keeper_->keep();
        return ended(ending);
    }

    Found ended(Ending ending) {
        found_.ending = ending;
        return found_;
    }

    bool is_due() const { return keeper_ != nullptr && keeper_->is_due(); }

    Ending expand_level(const std::function<bool(const Found&)>& heartbeat) {
        Level& level = front_.level;
        while (level.size() > 0) {
            if (!make_room()) return Ending::out_of_memory;
            space_.interned().settle();
            server_bits_ = std::bit_width(space_.steps().servers());  // while nobody adds to them
            std::vector<Worker> workers(
                asking_.useful_threads(level.size(), setting_.threads));
            const std::size_t room = visited_.room() - found_.tally.distinct;
            for (Worker& each : workers) {
                each.tally = Tally(setting_);
                each.quota = room / workers.size();
            }
            const std::uint64_t asked = space_.steps().asked(), left = level.size();
            const Ending ending = in_parallel(workers, heartbeat);
            asking_.note(space_.steps().asked() - asked, left - level.size());
            for (Worker& each : workers) {
                found_.tally.add(each.tally);
                front_.is_violated |= each.violated;
                front_.next.take_all(each.next);
            }
            found_.queue = level.size() + front_.next.size();
            if (ending != Ending::covered) return ending;
            if (outgrown_ && !lay_out_anew()) return Ending::out_of_numbers;
            if (level.size() > 0 && is_due() && !keeper_->keep()) return Ending::interrupted;
        }
        return Ending::covered;
    }

    // Let all workers work until nothing is left for them, or the heartbeat or memory says to stop,
    // or what was found is to be kept.
    Ending in_parallel(std::vector<Worker>& workers,
                     const std::function<bool(const Found&)>& heartbeat) {
        stop_ = false;
        Ending ending = Ending::covered;
        const auto tick = [&] {
            if (!is_alive(heartbeat)) ending = Ending::interrupted;
            if (resident_bytes() > setting_.memory) ending = Ending::out_of_memory;
            if (ending != Ending::covered || is_due()) stop_ = true;
        };
        const auto work_as_guest = [&](std::size_t at) {
            const auto guest = model_.guest();
            work(workers[at]);
        };
        in_threads(workers.size(), stop_, work_as_guest, tick);
        return ending;
    }

    // Call the heartbeat if it is time to.
    bool is_alive(const std::function<bool(const Found&)>& heartbeat) {
        if (!pulse_.is_due()) return true;
        return heartbeat(so_far());
    }

    Found so_far() const {
        Found result = found_;
        result.tally.distinct = distinct_seen_.load(std::memory_order_relaxed);
        result.tally.transitions = transitions_seen_.load(std::memory_order_relaxed);
        return result;
    }

    void work(Worker& worker) {
        Level::Block block, scratch;
        const auto servers = [&](std::uint64_t key) { return space_.servers(key); };
        while (!stop_ && front_.level.take(block, 4 * setting_.threads)) {
            sort_block(block, scratch, server_bits_, servers);
            const Tally before = worker.tally;
            const std::size_t done = take_steps(block, worker);
            flush(worker);
            if (done < block.size()) return front_.level.give_back(block, done);
            distinct_seen_ += worker.tally.distinct - before.distinct;
            transitions_seen_ += worker.tally.transitions - before.transitions;
        }
    }

    // Take all steps out of the states of a block; return how many were expanded.
    std::size_t take_steps(const Level::Block& block, Worker& worker) {
        std::size_t at = 0;
        try {
            for (; at < block.size(); ++at) {
                if (worker.tally.distinct >= worker.quota || stop_) return at;
                const std::uint64_t key = block[at];
                const std::uint32_t cls = space_.fault_class(key);
                space_.expand(key, worker.tally, [&](Edge* edge, bool again, std::uint64_t next,
                                                     const auto& network) {
                    worker.violated |= space_.is_bad_step(key, cls, edge, again, network);
                    push(next, worker);
                });
            }
        } catch (const Overflow&) {
            uncount(space_, block[at], worker.tally);
            outgrown_ = stop_ = true;
        }
        return at;
    }

    auto looking_up(Worker& worker) {
        return [&](std::uint64_t key, std::size_t home) { look_up(key, home, worker); };
    }

    // Many are found twice within a short time, since steps that do not touch each other lead to one
    // state either way; whether one is cannot be foretold.
    void push(std::uint64_t key, Worker& worker) {
        const std::size_t home = visited_.home(key);
        std::uint64_t& recent = worker.recent[home / Visited::line % Worker::recents];
        const bool is_new = std::exchange(recent, key) != key;
        worker.pending.push(visited_, key, home, is_new, looking_up(worker));
    }

    void flush(Worker& worker) { worker.pending.flush(looking_up(worker)); }

    void look_up(std::uint64_t key, std::size_t home, Worker& worker) {
        if (!visited_.insert(key, home)) return;
        ++worker.tally.distinct;
        worker.next.add(key);
        worker.violated |= space_.is_bad(key);
    }

    // Let the table of states grow if it is near its limit; false if memory does not allow it.
    bool make_room() {
        const std::size_t needed = found_.tally.distinct + found_.tally.distinct / 16 + 1024;
        return visited_.make_room(needed, setting_.memory, setting_.threads);
    }

    // ---- Ways

    bool violates(std::uint64_t key, Tally& unused) {
        return explorer::violates(space_, key, unused);
    }
    bool leads_to(std::uint64_t key, const std::vector<std::uint64_t>& targets, Tally& unused) {
        return explorer::leads_to(space_, key, targets, unused);
    }

    std::uint64_t initial_key(const std::vector<Node>& nodes, History history) {
        return space_.key_of({nodes, history, {}, in_flight_});
    }

    Model& model_;
    Setting setting_;
    Space space_;
    Visited visited_;
    std::vector<Message> in_flight_;
    Found found_;
    std::vector<Level> kept_;
    Ways ways_;

    Front front_;
    Keeper* keeper_ = nullptr;
    bool is_restored_ = false;
    Asking asking_;
    Pulse pulse_;
    int server_bits_ = 0;
    std::atomic<bool> stop_{false}, outgrown_{false};
    std::atomic<std::uint64_t> distinct_seen_{0}, transitions_seen_{0};
};

}  // namespace explorer
