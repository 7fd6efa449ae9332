// The nearest states in which a fair run can stay for ever, and the shortest ways to them.
//
// How far a state is counts the steps by which it is reached with the goal due and awaited ever
// since. The nearest are those that can be left alone with all that are no further away: the least
// distance is looked for by halves.
#pragma once

#include "liveness.hpp"

namespace explorer {

class LassoWays {
   public:
    using Heartbeat = Liveness::Heartbeat;

    // `liveness` has answered that some fair run does not meet the goal.
    explicit LassoWays(Liveness& liveness) : live_(liveness) {}

    // Find the nearest; false if the heartbeat says to stop.
    bool find(const Heartbeat& heartbeat) {
        if (!measure(heartbeat)) return false;
        std::size_t least = 0, most = levels_.size() - 1;
        while (least < most) {
            const std::size_t middle = (least + most) / 2;
            if (!leave(middle, heartbeat)) return false;
            if (live_.left_ > 0)
                most = middle;
            else
                least = middle + 1;
        }
        return leave(most, heartbeat);
    }

    std::vector<Shape> states() {
        std::vector<Shape> result;
        live_.each_slot([&](std::size_t slot) {
            if (live_.is(slot, Liveness::in))
                result.push_back(space().shape_of(live_.search_.visited_.at(slot)));
        });
        return result;
    }

    // Find the shortest ways to one of these states; return how many steps they have, or -1 if the
    // heartbeat says to stop.
    int find_ways(const std::vector<Shape>& targets, const Heartbeat& heartbeat) {
        std::size_t reach = levels_.size();
        std::vector<std::uint64_t> keys;
        for (const Shape& target : targets) {
            keys.push_back(space().key_of(target));
            reach = std::min<std::size_t>(reach, far_[live_.slot_of(keys.back())]);
        }
        ways_.assign(reach + 1, {});
        for (std::uint64_t key : keys)
            if (far_[live_.slot_of(key)] == reach) ways_[reach].due.push_back(key);
        for (std::size_t number = reach;; --number) {
            std::sort(ways_[number].due.begin(), ways_[number].due.end());
            std::sort(ways_[number].free.begin(), ways_[number].free.end());
            if (number == 0) return static_cast<int>(reach);
            if (!step_back(number, heartbeat)) return -1;
        }
    }

    // What was met has a key: nothing is renamed here, so that nothing comes under other names.
    bool is_on_the_way(std::size_t number, bool is_due, const Shape& state) {
        try {
            const Level& level = ways_.at(number);
            return has(is_due ? level.due : level.free, space().key_of(state));
        } catch (const Overflow&) {
            return false;  // what no key has room for was never met
        }
    }

   private:
    // The states that are first reached in so many steps: while the goal is due, and otherwise.
    struct Level {
        std::vector<std::uint64_t> due, free;
    };

    Space& space() { return live_.search_.space_; }
    static bool has(const std::vector<std::uint64_t>& keys, std::uint64_t key) {
        return std::binary_search(keys.begin(), keys.end(), key);
    }
    bool begins_at(std::size_t slot) const {
        return live_.is(slot, Liveness::begins | Liveness::awaited);
    }

    bool measure(const Heartbeat& heartbeat) {
        live_.each_slot([&](std::size_t slot) {
            live_.unmark(slot, Liveness::closed | Liveness::exempt);
        });
        far_.assign(live_.search_.visited_.slots(), 0);
        levels_.assign(1, {});
        meet(live_.slot_of(live_.initial_), live_.initial_, live_.assumed_.begins_anywhere);
        Liveness::Worker worker{Tally(live_.search_.setting_), {}, 0, {}};
        for (std::size_t number = 0;; ++number) {
            levels_.emplace_back();
            for (std::uint64_t key : levels_[number].free) {
                if (!live_.search_.is_alive(heartbeat)) return false;
                live_.follow(key, worker);
                for (const auto& step : worker.steps) meet(live_.slot_of(step.key), step.key, true);
            }
            for (std::uint64_t key : levels_[number].due) {
                if (!live_.search_.is_alive(heartbeat)) return false;
                live_.follow(key, worker);
                for (const auto& step : worker.steps) {
                    const std::size_t slot = live_.slot_of(step.key);
                    if (live_.is(slot, Liveness::awaited)) meet_due(slot, step.key);
                }
            }
            if (levels_.back().due.empty() && levels_.back().free.empty()) break;
        }
        levels_.pop_back();
        return true;
    }

    // Note that a state is reached in the last level, the goal not being due before.
    void meet(std::size_t slot, std::uint64_t key, bool is_free) {
        if (begins_at(slot)) meet_due(slot, key);
        if (is_free && live_.mark(slot, Liveness::closed)) levels_.back().free.push_back(key);
    }
    void meet_due(std::size_t slot, std::uint64_t key) {
        if (!live_.mark(slot, Liveness::exempt)) return;
        if (levels_.size() > 65'535) throw std::runtime_error("a way has over 65,534 steps");
        far_[slot] = static_cast<std::uint16_t>(levels_.size() - 1);
        levels_.back().due.push_back(key);
    }

    // Leave alone what is no further away, and what a fair run can stay in of that.
    bool leave(std::size_t most, const Heartbeat& heartbeat) {
        live_.left_ = 0;
        live_.each_slot([&](std::size_t slot) {
            if (live_.is(slot, Liveness::saved) && far_[slot] <= most) {
                live_.mark(slot, Liveness::in);
                ++live_.left_;
            } else {
                live_.unmark(slot, Liveness::in);
            }
        });
        return live_.converge(heartbeat);
    }

    bool step_back(std::size_t number, const Heartbeat& heartbeat) {
        const Level &from = levels_[number - 1], &to = ways_[number];
        Liveness::Worker worker{Tally(live_.search_.setting_), {}, 0, {}};
        const auto leads = [&](std::uint64_t key, auto is_wanted) {
            live_.follow(key, worker);
            return std::any_of(worker.steps.begin(), worker.steps.end(), is_wanted);
        };
        for (std::uint64_t key : from.due) {
            if (!live_.search_.is_alive(heartbeat)) return false;
            if (leads(key, [&](const auto& step) { return has(to.due, step.key); }))
                ways_[number - 1].due.push_back(key);
        }
        for (std::uint64_t key : from.free) {
            if (!live_.search_.is_alive(heartbeat)) return false;
            if (leads(key, [&](const auto& step) {
                    return has(to.free, step.key) ||
                           (has(to.due, step.key) && begins_at(live_.slot_of(step.key)));
                }))
                ways_[number - 1].free.push_back(key);
        }
        return true;
    }

    Liveness& live_;
    std::vector<std::uint16_t> far_;
    std::vector<Level> levels_, ways_;
};

}  // namespace explorer
