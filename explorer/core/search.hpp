// Breadth-first search, level by level, by several threads.
//
// All threads take blocks of states from the level, take every step out of them, and add what is
// new to the next level. What they find does not depend on who takes which block.
#pragma once

#include <bit>
#include <chrono>
#include <functional>

#include "keeper.hpp"
#include "level.hpp"
#include "memory.hpp"
#include "parallel.hpp"
#include "steps.hpp"
#include "visited.hpp"

namespace explorer {

class Checkpoint;
class Progress;

// A search that cannot be had from this engine.
struct Unfit : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The bounds of a search. Those on a server's own state come first in tallies, then these.
struct Limits {
    int messages;
    Faults faults;
    std::uint64_t depth;
};
enum Cut { messages, restarts, drops, duplicates, cuts };

struct Setting {
    std::uint32_t servers;
    bool is_fifo;
    Limits limits;
    bool is_reduced;         // see explorer/model/reduction.py
    std::size_t own_bounds;  // the bounds on a server's own state
    std::size_t names;       // names that a step can be counted as, the last for a lost message
    Names renamed;           // with symmetry
    unsigned threads;
    std::size_t memory;  // bytes
};

// What was counted.
struct Tally {
    std::uint64_t transitions = 0, distinct = 0;
    std::vector<std::uint64_t> names, cut;

    Tally() = default;
    Tally(std::size_t names, std::size_t cuts) : names(names), cut(cuts) {}
    void add(const Tally& other) {
        transitions += other.transitions;
        distinct += other.distinct;
        for (std::size_t at = 0; at < names.size(); ++at) names[at] += other.names[at];
        for (std::size_t at = 0; at < cut.size(); ++at) cut[at] += other.cut[at];
    }
};

enum class Ending : std::uint8_t { covered, violated, interrupted, out_of_memory };

struct Found {
    Ending ending = Ending::covered;
    Tally tally;
    std::uint64_t depth = 0, covered_depth = 0, queue = 0, cut_by_depth = 0;
};

class Search {
    friend class Checkpoint;
    friend class Progress;

   public:
    Search(Model& model, std::vector<Property> properties, Setting setting)
        : model_(model),
          setting_(std::move(setting)),
          verdicts_(model, std::move(properties)),
          rules_(setting_.is_fifo, setting_.limits.messages,
                 RenamingGroup(setting_.renamed).size()),
          steps_(model, verdicts_, rules_, setting_.own_bounds, setting_.is_reduced,
                 setting_.servers, setting_.renamed),
          visited_(setting_.memory) {
        if (setting_.limits.messages > max_in_flight)
            throw Unfit("more than 12 messages in flight do not fit into the 8 bytes of a state");
        steps_.set_fault_classes(setting_.limits.faults);
    }

    // Search from a state. `heartbeat` is called several times a second, and returns false to stop;
    // `keeper` keeps now and then what was found.
    Found run(const std::vector<Node>& nodes, History history,
              const std::function<bool(const Found&)>& heartbeat, Keeper* keeper = nullptr) {
        keeper_ = keeper;
        for (;;) {
            try {
                if (std::exchange(is_restored_, false)) return levels_from_here(heartbeat, false);
                lay_out();
                return levels(nodes, history, heartbeat, false);
            } catch (const Overflow&) {
                visited_.clear();  // and again, with a layout that has the bits
            }
        }
    }

    // Search again, and find out which states are on a shortest way to a violation. The last search
    // must have ended with one.
    void find_ways(const std::vector<Node>& nodes, History history,
                   const std::function<bool(const Found&)>& heartbeat) {
        visited_.clear();
        keeper_ = nullptr;
        if (levels(nodes, history, heartbeat, true).ending != Ending::violated) return;
        ways_.clear();
        while (!kept_.empty()) {
            std::vector<std::uint64_t> way;
            for (const Level::Block& block : kept_.back().blocks())
                for (std::uint64_t key : block)
                    if (ways_.empty() ? violates(key) : leads_to(key, ways_.back()))
                        way.push_back(key);
            std::sort(way.begin(), way.end());
            ways_.push_back(std::move(way));
            kept_.pop_back();
        }
        std::reverse(ways_.begin(), ways_.end());
    }

    // Whether a state, so many steps from the initial one, is on one of these ways.
    bool is_on_the_way(std::size_t number, const Shape& state) {
        return std::binary_search(ways_.at(number).begin(), ways_.at(number).end(), key_of(state));
    }

    const Verdicts& verdicts() const { return verdicts_; }
    std::size_t servers() const { return steps_.servers(); }
    std::size_t messages() const { return steps_.messages() - 1; }

   private:
    struct Worker {
        Level next;
        Tally tally;
        bool violated = false;
        std::size_t quota = 0;
        static constexpr std::size_t pending = 128, coming = 32, recents = std::size_t{1} << 14;
        std::size_t pushed = 0;
        std::uint64_t keys[pending]{};
        std::size_t homes[pending]{};
        std::vector<std::uint64_t> recent = std::vector<std::uint64_t>(recents);
    };

    // ---- Layout

    static constexpr int max_server_bits = 30, max_message_bits = 16;

    void lay_out() {
        const int size = setting_.limits.messages;
        std::array<int, 3> fault_bits;
        int left = 64;
        for (int fault = 0; fault < 3; ++fault)
            left -= fault_bits[fault] = std::bit_width(setting_.limits.faults[fault]);
        int servers = std::bit_width(steps_.servers() + 1), one = std::bit_width(steps_.messages());
        const int spare = left - servers - size * one;
        // With more there would be no other layout to begin again with.
        if (spare < 0 || servers > max_server_bits || one > max_message_bits)
            throw Unfit("states do not fit into 8 bytes: " + std::to_string(steps_.servers()) +
                        " states of the servers, " + std::to_string(steps_.messages()) +
                        " messages, " + std::to_string(size) + " of them in flight");
        if (size > 0) one = std::min(max_message_bits, one + spare / (2 * size));
        servers = std::min(max_server_bits, left - size * one);
        layout_ = Layout(servers, fault_bits, one);
        rules_.set_message_bits(one);
        steps_.set_limits(layout_.max_servers(), layout_.max_messages());
    }

    // ---- Steps

    // Call visit(edge, again, next, network) for each step out of a state; the edge of a message
    // that is lost is null, and the network is that of the state before any renaming.
    template <class Visit>
    void expand(std::uint64_t key, Tally& tally, Visit&& visit) {
        const Word servers = layout_.servers(key);
        const Network network = layout_.network(key);
        const int size = rules_.size(network);
        const std::uint64_t used = layout_.faults_in_place(key);
        const Limits& limits = setting_.limits;
        std::uint64_t* cut = tally.cut.data() + setting_.own_bounds;
        const auto step = [&](Edge& edge, bool again, Network after, std::uint64_t faults) {
            const std::uint16_t* sends = edge.sent();
            for (int sent = 0; sent < edge.sends_size; ++sent)
                if (!rules_.send(after, sends[sent])) return void(++cut[Cut::messages]);
            ++tally.transitions;
            ++tally.names[again ? edge.names_again : edge.names];
            visit(&edge, again, placed(after, edge.renamings) | faults | edge.servers, after);
        };
        if (setting_.is_reduced) {
            bool any = false;
            for (int place = 0; place < size; ++place) {
                if (!rules_.is_deliverable(network, place)) continue;
                Edge& edge = steps_.receipt(servers, rules_.at(network, place));
                if (!edge.is_obsolete) continue;
                step(edge, false, rules_.without(network, place), used);
                any = true;
            }
            if (any) return;
        }
        Row& row = steps_.row(servers);
        count(row.actions_exceeding, tally);
        for (Edge& edge : row.actions) step(edge, false, network, used);
        if (layout_.faults(key, 0) >= limits.faults[0]) {
            cut[Cut::restarts] += setting_.servers;
        } else {
            count(row.restarts_exceeding, tally);
            for (Edge& edge : row.restarts) step(edge, false, network, used + layout_.one(0));
        }
        const bool may_drop = layout_.faults(key, 1) < limits.faults[1];
        const bool may_duplicate = layout_.faults(key, 2) < limits.faults[2];
        for (int place = 0; place < size; ++place) {
            if (!rules_.is_deliverable(network, place)) continue;
            Edge& edge = steps_.receipt(servers, rules_.at(network, place));
            const Network rest = rules_.without(network, place);
            if (edge.is_within)
                step(edge, false, rest, used);
            else
                count(edge.origin->extra->exceeded, tally);
            if (!may_duplicate)
                ++cut[Cut::duplicates];
            else if (edge.is_within)
                step(edge, true, network, used + layout_.one(2));
            else
                count(edge.origin->extra->exceeded, tally);
            if (!may_drop) {
                ++cut[Cut::drops];
                continue;
            }
            ++tally.transitions;
            ++tally.names.back();
            visit(nullptr, false,
                  placed(rest, row.stabilizer) | (used + layout_.one(1)) | servers, rest);
        }
    }

    static void count(const std::vector<std::uint32_t>& exceeding, Tally& tally) {
        for (std::size_t bound = 0; bound < exceeding.size(); ++bound)
            tally.cut[bound] += exceeding[bound];
    }
    static void count(const std::vector<std::uint8_t>& exceeded, Tally& tally) {
        for (std::uint8_t bound : exceeded) ++tally.cut[bound];
    }

    // What is in flight, packed: the least of the renamings.
    std::uint64_t placed(Network network, const Renamings* renamings) const {
        if (renamings == nullptr) return layout_.placed(network);
        std::uint64_t least = ~std::uint64_t{0};
        for (std::uint16_t renaming : *renamings)
            least = std::min(least, layout_.placed(rules_.renamed(network, renaming)));
        return least;
    }

    // A state as its key, renamed as symmetry demands.
    std::uint64_t key_of(const Shape& state) {
        Network network;
        for (Message message : state.messages) rules_.send(network, steps_.number_of(message));
        const auto [servers, renamings] = steps_.canonical(state.nodes, state.history);
        std::uint64_t key = placed(network, renamings) | servers;
        for (int fault = 0; fault < 3; ++fault) key += state.faults[fault] * layout_.one(fault);
        return key;
    }

    Faults faults(std::uint64_t key) const {
        return {layout_.faults(key, 0), layout_.faults(key, 1), layout_.faults(key, 2)};
    }
    std::uint32_t fault_class(std::uint64_t key) const {
        return steps_.has_one_class() ? 0 : steps_.fault_class(faults(key));
    }

    // ---- Levels

    Found levels(const std::vector<Node>& nodes, History history,
                 const std::function<bool(const Found&)>& heartbeat, bool keep_levels) {
        found_ = Found{};
        found_.tally = Tally(setting_.names, setting_.own_bounds + Cut::cuts);
        kept_.clear();
        const auto [servers, renamings] = steps_.canonical(nodes, history);
        const std::uint64_t initial = placed(Network{}, renamings) | servers;
        visited_.insert(initial, visited_.home(initial));
        distinct_seen_ = found_.tally.distinct = 1;
        transitions_seen_ = 0;
        found_.depth = 1;
        if (is_bad(initial)) return ended(Ending::violated);
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
            server_bits_ = std::bit_width(steps_.servers());  // read while nobody adds to them
            std::vector<Worker> workers(level.size() < 256 ? 1 : setting_.threads);
            const std::size_t room = visited_.room() - found_.tally.distinct;
            for (Worker& each : workers) {
                each.tally = Tally(setting_.names, setting_.own_bounds + Cut::cuts);
                each.quota = room / workers.size();
            }
            const Ending ending = in_parallel(workers, heartbeat);
            for (Worker& each : workers) {
                found_.tally.add(each.tally);
                front_.is_violated |= each.violated;
                front_.next.take_all(each.next);
            }
            found_.queue = level.size() + front_.next.size();
            if (ending != Ending::covered) return ending;
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
        const auto now = std::chrono::steady_clock::now();
        if (now - last_beat_ < std::chrono::milliseconds(80)) return true;
        last_beat_ = now;
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
        const auto servers = [&](std::uint64_t key) { return layout_.servers(key); };
        while (!stop_ && front_.level.take(block, 4 * setting_.threads)) {
            sort_block(block, scratch, server_bits_, servers);
            const Tally before = worker.tally;
            for (std::size_t at = 0; at < block.size(); ++at) {
                if (worker.tally.distinct >= worker.quota || stop_) {
                    flush(worker);
                    front_.level.give_back(block, at);
                    return;
                }
                take_steps(block[at], worker);
            }
            flush(worker);
            distinct_seen_ += worker.tally.distinct - before.distinct;
            transitions_seen_ += worker.tally.transitions - before.transitions;
        }
    }

    void take_steps(std::uint64_t key, Worker& worker) {
        const Word servers = layout_.servers(key);
        const Faults faults = this->faults(key);
        const std::uint32_t cls = steps_.has_one_class() ? 0 : steps_.fault_class(faults);
        const bool whole_steps = verdicts_.any(When::step);
        expand(key, worker.tally,
               [&](Edge* edge, bool again, std::uint64_t next, Network after) {
                   bool bad = edge != nullptr && steps_.is_bad(servers, *edge, again, faults, cls);
                   if (whole_steps) bad |= is_bad_step(key, edge, again, after);
                   worker.violated |= bad;
                   push(next, worker);
               });
    }

    // A key is looked up some steps later, when its line has come from memory. Many are found twice
    // within a short time, since steps that do not touch each other lead to one state either way;
    // whether one is cannot be foretold, so there is no branch on it.
    void push(std::uint64_t key, Worker& worker) {
        const std::size_t home = visited_.home(key);
        std::uint64_t& recent = worker.recent[home / Visited::line % Worker::recents];
        worker.keys[worker.pushed] = key;
        worker.homes[worker.pushed] = home;
        worker.pushed += recent != key;
        recent = key;
        visited_.prefetch(home);
        if (worker.pushed == Worker::pending) look_up_first(Worker::pending - Worker::coming, worker);
    }

    void flush(Worker& worker) { look_up_first(worker.pushed, worker); }

    void look_up_first(std::size_t count, Worker& worker) {
        for (std::size_t at = 0; at < count; ++at)
            look_up(worker.keys[at], worker.homes[at], worker);
        worker.pushed -= count;
        std::copy_n(worker.keys + count, worker.pushed, worker.keys);
        std::copy_n(worker.homes + count, worker.pushed, worker.homes);
    }

    void look_up(std::uint64_t key, std::size_t home, Worker& worker) {
        if (!visited_.insert(key, home)) return;
        ++worker.tally.distinct;
        worker.next.add(key);
        worker.violated |= is_bad(key);
    }

    // Let the table of states grow if it is near its limit; false if memory does not allow it.
    bool make_room() {
        const std::size_t needed = found_.tally.distinct + found_.tally.distinct / 16 + 1024;
        while (visited_.room() < needed) {
            const std::size_t capacity = visited_.capacity();
            // Small tables double, large ones grow by less, so that little is empty.
            const std::size_t larger =
                std::min(capacity < (std::size_t{1} << 22) ? 2 * capacity : capacity + capacity * 3 / 8,
                         visited_.max_capacity());
            if (larger == capacity ||
                resident_bytes() + (larger - capacity) * sizeof(std::uint64_t) > setting_.memory)
                return false;
            visited_.grow(larger, setting_.threads);
        }
        return true;
    }

    // ---- Verdicts

    bool violates(std::uint64_t key) {
        const Word servers = layout_.servers(key);
        const Faults used = faults(key);
        const std::uint32_t cls = fault_class(key);
        bool bad = false;
        Tally unused(setting_.names, setting_.own_bounds + Cut::cuts);
        expand(key, unused, [&](Edge* edge, bool again, std::uint64_t next, Network after) {
            bad = bad || (edge != nullptr && steps_.is_bad(servers, *edge, again, used, cls)) ||
                  (verdicts_.any(When::step) && is_bad_step(key, edge, again, after)) ||
                  is_bad(next);
        });
        return bad;
    }

    bool leads_to(std::uint64_t key, const std::vector<std::uint64_t>& targets) {
        bool leads = false;
        Tally unused(setting_.names, setting_.own_bounds + Cut::cuts);
        expand(key, unused, [&](Edge*, bool, std::uint64_t next, Network) {
            leads = leads || std::binary_search(targets.begin(), targets.end(), next);
        });
        return leads;
    }

    bool is_bad(std::uint64_t key) {
        bool bad = steps_.is_bad(layout_.servers(key), faults(key), fault_class(key));
        if (verdicts_.any(When::state)) {
            bad |= steps_.is_bad_state(
                steps_.shape(layout_.servers(key), faults(key), layout_.network(key)));
        }
        return bad;
    }

    bool is_bad_step(std::uint64_t key, const Edge* edge, bool again, Network network) {
        const Word servers = layout_.servers(key);
        Faults used = faults(key);
        const Shape before = steps_.shape(servers, used, layout_.network(key));
        if (edge == nullptr) ++used[1];
        if (edge != nullptr && edge->origin->step.how == How::restart) ++used[0];
        if (again) ++used[2];
        return steps_.is_bad_step(before, steps_.shape_after(servers, edge, used, network));
    }

    Model& model_;
    Setting setting_;
    Verdicts verdicts_;
    NetworkRules rules_;
    Steps steps_;
    Visited visited_;
    Layout layout_;
    Found found_;
    std::vector<Level> kept_;
    std::vector<std::vector<std::uint64_t>> ways_;

    Front front_;
    Keeper* keeper_ = nullptr;
    bool is_restored_ = false;
    int server_bits_ = 0;
    std::atomic<bool> stop_{false};
    std::chrono::steady_clock::time_point last_beat_{};
    std::atomic<std::uint64_t> distinct_seen_{0}, transitions_seen_{0};
};

}  // namespace explorer
