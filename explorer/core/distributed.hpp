// Breadth-first search by several processes, level by level: each has the states that belong to it.
//
// A rank expands its states of a level. What a step leads to is looked up at once if it belongs to
// the rank itself, and otherwise is sent to the one that it belongs to. The ranks meet in rounds:
// when one has much to send, or some time has passed, or it is done with its part. When all are
// done, each has its part of the next level. What is found does not depend on how many there are.
//
// What makes one rank stop makes all stop: see together.hpp.
#pragma once

#include <bit>
#include <chrono>
#include <functional>
#include <utility>

#include "crew.hpp"
#include "level.hpp"
#include "memory.hpp"
#include "outgrown.hpp"
#include "owners.hpp"
#include "parallel.hpp"
#include "pending.hpp"
#include "together.hpp"
#include "ways.hpp"

namespace explorer {

class Distributed {
   public:
    using Heartbeat = std::function<bool(const Found&)>;

    Distributed(Model& model, std::vector<Property> properties, Setting setting, Peers& peers)
        : model_(model),
          setting_(std::move(setting)),
          space_(model, std::move(properties), setting_),
          owners_(model, space_, peers.size()),
          together_(space_, setting_, peers),
          visited_(setting_.memory),
          recents_(setting_.threads, std::vector<std::uint64_t>(recents)) {}

    // Search from a state, as Search::run does. The tally is of this rank alone, and all else of all
    // together; so is what a heartbeat is told. Where another rank has failed, the search is
    // interrupted.
    Found run(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat) {
        const Found found = levels(nodes, history, heartbeat, false);
        together_.throw_what_failed();
        return found;
    }

    // Search again, and have each rank know all states that are on a shortest way to a violation.
    // The last search must have ended with one; so has this one, unless it was stopped.
    Ending find_ways(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat) {
        const Ending ending = every_way(nodes, history, heartbeat);
        together_.throw_what_failed();
        return ending;
    }

    // Whether a state, so many steps from the initial one, is on one of these ways.
    bool is_on_the_way(std::size_t number, const Shape& state) {
        bool is_on = false;
        try {
            with_room([&] { is_on = explorer::is_on_the_way(space_, ways_, number, state); });
        } catch (const Stop&) {  // what no key has room for was never met
        }
        return is_on;
    }

    const Verdicts& verdicts() const { return space_.verdicts(); }
    const Postage& postage() const { return together_.post().postage(); }

   private:
    struct Worker {
        Level next;
        Tally tally;
        Pending pending;
        bool violated = false;
        std::size_t quota = 0, foreign_size = 0;
        std::vector<std::vector<std::uint64_t>> foreign;  // by the rank that they belong to
    };

    template <class Do>
    void attempt(Do something) {
        together_.attempt(something);
    }
    Post& post() { return together_.post(); }

    // ---- Levels

    Found levels(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat,
                 bool keep_levels) {
        found_ = Found{};
        found_.tally = Tally(setting_);
        visited_.clear();
        kept_.clear();
        level_ = Level();
        next_ = Level();
        is_violated_ = false;
        together_.begin();
        forget_recents();
        found_.depth = 1;
        attempt([&] {
            const std::uint64_t initial = space_.key_of({nodes, history, {}, {}});
            is_violated_ = space_.is_bad(initial);
            if (owners_.of(initial) == post().rank()) {
                visited_.insert(initial, visited_.home(initial));
                found_.tally.distinct = 1;
                level_.add(initial);
            }
        });
        const Standing begun = meet_alone();
        if (begun.has_to_stop()) return ended(begun.why());
        if (begun.is_violated) {
            found_.queue = 0;
            return ended(Ending::violated);
        }
        while (found_.queue > 0) {
            if (found_.depth >= setting_.limits.depth) {
                found_.cut_by_depth = found_.queue;
                break;
            }
            attempt([&] {
                if (keep_levels) kept_.push_back(level_);
            });
            const Standing all = expand_level(heartbeat);
            if (all.has_to_stop()) return ended(all.why());
            found_.covered_depth = found_.depth;
            found_.depth += all.next > 0;
            if (all.is_violated) return ended(Ending::violated);
            level_ = std::move(next_);
        }
        return ended(Ending::covered);
    }

    Found ended(Ending ending) {
        found_.ending = ending;
        return found_;
    }

    // Expand the level, in rounds; return how all ranks stand then.
    Standing expand_level(const Heartbeat& heartbeat) {
        Standing all;
        do {
            attempt([&] { expand_some(heartbeat); });
            attempt([&] { beat(heartbeat); });
            all = meet_for_level();
        } while (!all.is_done && !all.has_to_stop());
        return meet_for_level();  // what came last is counted now
    }

    Standing meet_for_level() {
        const auto look_up = [&](std::uint64_t key, std::size_t home) { add(key, home); };
        const auto arrived = [&](std::uint64_t key) { pending_.push(visited_, key, look_up); };
        const auto flush = [&](std::uint64_t coming) {
            pending_.flush(look_up);
            if (!make_room(coming)) throw Stop{Ending::out_of_memory};
        };
        const Standing all = meet(flush, arrived);
        attempt([&] { pending_.flush(look_up); });
        return all;
    }

    // ---- Ways

    Ending every_way(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat) {
        ways_.clear();
        const Ending ending = levels(nodes, history, heartbeat, true).ending;
        if (ending != Ending::violated) return ending;
        Tally unused(setting_);
        while (!kept_.empty()) {
            std::vector<std::uint64_t> own;
            attempt([&] {
                for (const Level::Block& block : kept_.back().blocks())
                    for (std::uint64_t key : block)
                        if (ways_.empty() ? violates(space_, key, unused)
                                          : leads_to(space_, key, ways_.back(), unused))
                            own.push_back(key);
                for (std::uint64_t key : own) post().add_for_all(key);
            });
            kept_.pop_back();
            way_ = std::move(own);
            const Standing all =
                meet([](std::uint64_t) {}, [&](std::uint64_t key) { way_.push_back(key); });
            if (all.has_to_stop()) return all.why();
            std::sort(way_.begin(), way_.end());
            ways_.push_back(std::move(way_));
        }
        std::reverse(ways_.begin(), ways_.end());
        const Standing all = meet_alone();
        return all.has_to_stop() ? all.why() : ending;
    }

    // ---- Rounds

    // Meet the others with nothing for them.
    Standing meet_alone() {
        return meet([](std::uint64_t) {}, [](std::uint64_t) {});
    }

    // Call expect(count) and then arrived(key) for states that come from another rank.
    template <class Expect, class Arrived>
    Standing meet(Expect expect, Arrived arrived) {
        Standing own;
        own.is_done = level_.size() == 0;
        own.is_violated = is_violated_;
        own.distinct = found_.tally.distinct;
        own.transitions = found_.tally.transitions;
        own.next = next_.size();
        own.queue = level_.size() + next_.size();
        const auto again = [&](auto something) { with_room(something); };
        const Standing all = together_.meet(own, again, expect, arrived);
        found_.queue = all.queue;
        return all;
    }

    // ---- Expansion

    // Take steps until there is enough to send, or nothing left.
    void expand_some(const Heartbeat& heartbeat) {
        if (level_.size() == 0) return;
        if (!make_room(0)) throw Stop{Ending::out_of_memory};
        space_.interned().settle();
        server_bits_ = std::bit_width(space_.steps().servers());
        std::vector<Worker> workers(level_.size() < 256 ? 1 : setting_.threads);
        const std::size_t room = visited_.room() - found_.tally.distinct;
        for (Worker& each : workers) {
            each.tally = Tally(setting_);
            each.quota = room / workers.size();
            each.foreign.resize(post().ranks());
        }
        in_parallel(workers, heartbeat);
        for (Worker& each : workers) {
            found_.tally.add(each.tally);
            is_violated_ |= each.violated;
            next_.take_all(each.next);
            for (unsigned rank = 0; rank < post().ranks(); ++rank)
                for (std::uint64_t key : each.foreign[rank]) post().add(rank, key);
        }
        if (outgrown_.exchange(false)) lay_out_anew();
    }

    void in_parallel(std::vector<Worker>& workers, const Heartbeat& heartbeat) {
        stop_ = false;
        const auto end = std::chrono::steady_clock::now() + round_time;
        const auto tick = [&] {
            beat(heartbeat);
            if (resident_bytes() > setting_.memory) together_.stop(Ending::out_of_memory);
            if (!together_.goes_on() || std::chrono::steady_clock::now() > end) stop_ = true;
        };
        const auto work_as_guest = [&](std::size_t at) {
            const auto guest = model_.guest();
            work(workers[at], recents_[at]);
        };
        in_threads(workers.size(), stop_, work_as_guest, tick);
    }

    // Call the heartbeat if it is time to.
    void beat(const Heartbeat& heartbeat) {
        if (!pulse_.is_due()) return;
        if (!heartbeat(so_far())) together_.stop(Ending::interrupted);
    }

    // What was counted since the ranks met is not in it.
    Found so_far() const {
        Found result = found_;
        result.tally.distinct += together_.others().distinct;
        result.tally.transitions += together_.others().transitions;
        return result;
    }

    void work(Worker& worker, std::vector<std::uint64_t>& recent) {
        Level::Block block, scratch;
        const auto servers = [&](std::uint64_t key) { return space_.servers(key); };
        const auto look_up = [&](std::uint64_t key, std::size_t home) { add(key, home, worker); };
        while (!stop_ && level_.take(block, 4 * setting_.threads)) {
            sort_block(block, scratch, server_bits_, servers);
            const std::size_t done = take_steps(block, worker, recent);
            worker.pending.flush(look_up);
            if (done < block.size()) return level_.give_back(block, done);
        }
    }

    // Take all steps out of the states of a block; return how many were expanded.
    std::size_t take_steps(const Level::Block& block, Worker& worker,
                           std::vector<std::uint64_t>& recent) {
        const auto look_up = [&](std::uint64_t key, std::size_t home) { add(key, home, worker); };
        std::size_t at = 0;
        try {
            for (; at < block.size(); ++at) {
                if (worker.foreign_size >= much / setting_.threads) stop_ = true;
                if (worker.tally.distinct >= worker.quota || stop_) return at;
                const std::uint64_t key = block[at];
                const std::uint32_t cls = space_.fault_class(key);
                space_.expand(key, worker.tally, [&](Edge* edge, bool again, std::uint64_t next,
                                                     const auto& network) {
                    worker.violated |= space_.is_bad_step(key, cls, edge, again, network);
                    std::uint64_t& before = recent[mixed(next) % recents];
                    if (std::exchange(before, next) == next) return;
                    const unsigned owner = owners_.of(next);
                    if (owner == post().rank()) return worker.pending.push(visited_, next, look_up);
                    worker.foreign[owner].push_back(next);
                    ++worker.foreign_size;
                });
            }
        } catch (const Overflow&) {
            uncount(space_, block[at], worker.tally);
            outgrown_ = stop_ = true;
        }
        return at;
    }

    void add(std::uint64_t key, std::size_t home, Worker& worker) {
        if (!visited_.insert(key, home)) return;
        ++worker.tally.distinct;
        worker.next.add(key);
        worker.violated |= space_.is_bad(key);
    }
    void add(std::uint64_t key, std::size_t home) {
        if (!visited_.insert(key, home)) return;
        ++found_.tally.distinct;
        next_.add(key);
        is_violated_ |= space_.is_bad(key);
    }

    // ---- Growth

    // Let the table of states grow if it is near its limit; false if memory does not allow it.
    bool make_room(std::size_t coming) {
        const std::size_t found = found_.tally.distinct + coming;
        return visited_.make_room(found + found / 16 + 1024, setting_.memory, setting_.threads);
    }

    // Do something that may throw Overflow, each time with more room.
    template <class Do>
    void with_room(Do something) {
        for (;;) {
            try {
                return something();
            } catch (const Overflow&) {
            }
            lay_out_anew();
        }
    }

    // Go on with keys that have more room. Throws Stop if there are none.
    void lay_out_anew() {
        pending_.flush([&](std::uint64_t key, std::size_t home) { add(key, home); });
        const auto each_other = [&](auto change) {
            for (Level* level : {&level_, &next_}) level->each(change);
            for (Level& level : kept_) level.each(change);
            for (std::uint64_t& key : way_) change(key);
            change_ways(ways_, change);
        };
        if (!explorer::lay_out_anew(space_, visited_, each_other))
            throw Stop{Ending::out_of_numbers};
        forget_recents();
    }
    void forget_recents() {
        for (auto& recent : recents_) std::fill(recent.begin(), recent.end(), 0);
    }

    static constexpr std::size_t recents = std::size_t{1} << 17;
    static constexpr std::size_t much = std::size_t{1} << 18;  // states to send in a round
    static constexpr std::chrono::milliseconds round_time{500};

    Model& model_;
    Setting setting_;
    Space space_;
    Owners owners_;
    Together together_;
    Visited visited_;
    Found found_;
    Level level_, next_;
    std::vector<Level> kept_;
    Ways ways_;
    std::vector<std::uint64_t> way_;  // that which is being found

    Pending pending_;
    bool is_violated_ = false;
    int server_bits_ = 0;
    Pulse pulse_;
    std::atomic<bool> stop_{false}, outgrown_{false};
    std::vector<std::vector<std::uint64_t>> recents_;
};

}  // namespace explorer
