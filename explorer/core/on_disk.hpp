// Breadth-first search with the states on disk, for what is larger than memory.
//
// Each level is a run (see runs.hpp), and no state is in two of them. A level is read from its
// beginning to its end and expanded; what is found is collected in memory, sorted, and written as
// runs where memory does not suffice. When the level is done, all that was found is held against all
// levels, and what is new is the next one. So no state is looked up alone, every file is read and
// written in one direction, and each state is written once, but for what did not fit meanwhile.
//
// Keys in runs are turned so that the servers are their highest bits: states of the same servers are
// next to each other then, which is where the search wants them.
//
// The levels, with what keys speak of (see kept_space.hpp), are all that is needed to go on:
//
//   level-L-E.bin   the states of a level
//   point-N.bin     the rest: what was counted, and how many levels there are
//
// E counts how often states have got other keys, N the points. What belongs to a level at hand is
// not kept. What was found bad is told of in the point: such a level is not expanded again.
#pragma once

#include <cstring>
#include <functional>
#include <optional>

#include "crew.hpp"
#include "kept_space.hpp"
#include "memory.hpp"
#include "new_keys.hpp"
#include "outgrown.hpp"
#include "parallel.hpp"
#include "space.hpp"
#include "successors.hpp"
#include "ways.hpp"

namespace explorer {

class DiskSearch {
   public:
    using Heartbeat = std::function<bool(const Found&)>;
    // Note that these files are what was found; false if the search shall stop. Throws FileError.
    using Commit = std::function<bool(const Files&)>;

    struct Options {
        std::string folder;
        double every;          // seconds, from one time that levels are kept to the next
        std::size_t room = 0;  // bytes for what is found of a level; 0: most of what memory leaves
    };
    DiskSearch(Model& model, std::vector<Property> properties, Setting setting, Options options)
        : model_(model),
          setting_(std::move(setting)),
          options_(std::move(options)),
          space_(model, std::move(properties), setting_),
          kept_(space_, setting_, options_.folder) {}

    // Make the search one that has found what is kept; `run` goes on with it. Throws Damaged or
    // FileError.
    void restore(const Files& files) {
        const auto& [file, number] = kept_.named("point-", files);
        Reader point(kept_.path(file.first), file.second);
        point_ = number;
        epoch_ = point.next();
        is_violated_ = point.next() != 0;
        const std::uint64_t levels = point.next();
        found_ = kept_.restore(files, point);
        if (point.left() > 0 || found_.depth != levels) point.misfit();
        std::uint64_t states = 0;
        for (std::uint64_t level = 0; level < levels; ++level) {
            const auto named = files.find(name_of(level));
            if (named == files.end()) throw Damaged(kept_.path(name_of(level)), "is not there");
            levels_.push_back(std::make_unique<Run>(kept_.path(named->first), named->second));
            states += levels_.back()->size();
        }
        if (states != found_.tally.distinct || found_.covered_depth > levels) point.misfit();
    }

    // Search from a state, or on from what was kept. A disk that is full ends the search, and so
    // does every other trouble with files that are written: see `trouble`.
    Found run(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat,
              const Commit& commit) {
        try {
            if (levels_.empty()) begin(nodes, history);
            const Ending ending = levels_from_here(heartbeat, commit);
            keep_last(ending, commit);
            return ended(ending);
        } catch (const FileError& error) {
            trouble_ = error.path + ": " + std::strerror(error.code);
            return ended(Ending::out_of_disk);
        }
    }

    // Find out which states are on a shortest way to a violation; false if the heartbeat says to
    // stop. The search must have ended with one.
    bool find_ways(const Heartbeat& heartbeat) {
        ways_.clear();
        for (std::uint64_t level = found_.covered_depth; level-- > 0;) {
            std::optional<std::vector<std::uint64_t>> way = way_through(*levels_[level], heartbeat);
            if (!way) return false;
            ways_.push_back(std::move(*way));
        }
        std::reverse(ways_.begin(), ways_.end());
        return true;
    }

    // Whether a state, so many steps from the initial one, is on one of these ways. It may need other
    // keys, and the ways alone get them: `run` and `find_ways` can read no level after it.
    bool is_on_the_way(std::size_t number, const Shape& state) {
        do {
            try {
                return explorer::is_on_the_way(space_, ways_, number, state);
            } catch (const Overflow&) {
            }
        } while (lay_out_ways_anew());
        return false;  // what no key has room for was never met
    }

    const Verdicts& verdicts() const { return space_.verdicts(); }
    // What could not be written, and why; nothing if all could.
    const std::string& trouble() const { return trouble_; }

   private:
    struct Worker {
        Successors found;
        Tally tally;
        bool violated = false;
    };
    // What is known of the next level.
    struct Coming {
        explicit Coming(const Setting& setting, const std::string& folder)
            : tally(setting), spilled(folder) {}
        Tally tally;
        bool violated = false;
        Spilled spilled;
        std::vector<Worker> workers;  // each with what it found, sorted
    };
    using Runs = std::vector<const Run*>;

    std::string name_of(std::uint64_t level) const {
        return "level-" + std::to_string(level) + "-" + std::to_string(epoch_) + ".bin";
    }

    // ---- Keys in runs

    std::uint64_t turned(std::uint64_t key) const { return std::rotr(key, server_bits_); }
    std::uint64_t turned_back(std::uint64_t key) const { return std::rotl(key, server_bits_); }
    void note_layout() { server_bits_ = space_.layout().bits()[0]; }

    // ---- Levels

    void begin(const std::vector<Node>& nodes, History history) {
        const std::uint64_t initial = space_.key_of({nodes, history, {}, {}});
        note_layout();
        Blocks blocks;
        const std::uint64_t key = turned(initial);
        blocks.add({&key, 1});
        RunWriter writer(kept_.path(name_of(0)));
        writer.add(blocks);
        levels_.push_back(writer.finish(true));
        found_ = Found{};
        found_.tally = Tally(setting_);
        found_.tally.distinct = found_.depth = 1;
        is_violated_ = space_.is_bad(initial);
        is_kept_ = false;
    }

    Ending levels_from_here(const Heartbeat& heartbeat, const Commit& commit) {
        note_layout();
        distinct_seen_ = found_.tally.distinct;
        transitions_seen_ = found_.tally.transitions;
        while (!is_violated_ && found_.covered_depth < levels_.size()) {
            if (!is_alive(heartbeat)) return Ending::interrupted;
            found_.queue = levels_.back()->size();
            if (found_.depth >= setting_.limits.depth) {
                found_.cut_by_depth = found_.queue;
                break;
            }
            const Ending ending = next_level(heartbeat);
            distinct_seen_ = found_.tally.distinct;
            transitions_seen_ = found_.tally.transitions;
            if (ending != Ending::covered) return ending;
            if (is_due() && !keep(commit)) return Ending::interrupted;
        }
        return is_violated_ ? Ending::violated : Ending::covered;
    }

    Found ended(Ending ending) {
        found_.ending = ending;
        found_.bytes = bytes_of_levels();
        return found_;
    }

    // Expand the last level; what is new is the next one. Until all of it is done nothing counts.
    Ending next_level(const Heartbeat& heartbeat) {
        for (;;) {
            {
                Coming coming(setting_, options_.folder);
                const Ending ending = expand_level(coming, heartbeat);
                if (ending != Ending::covered) return ending;
                if (!outgrown_.exchange(false)) return keep_what_is_new(coming, heartbeat);
            }
            const Ending ending = lay_out_anew();
            if (ending != Ending::covered) return ending;
            transitions_seen_ = found_.tally.transitions;
        }
    }

    Ending expand_level(Coming& coming, const Heartbeat& heartbeat) {
        const Run& level = *levels_.back();
        next_block_ = 0;
        while (next_block_ < level.blocks()) {
            for (Worker& each : coming.workers) each.found.spill();
            coming.workers.clear();
            const std::uint64_t done = next_block_, asked = space_.steps().asked();
            const unsigned threads = asking_.useful_threads(level.size(), setting_.threads);
            const std::size_t room = this->room();
            if (room == 0) return Ending::out_of_memory;
            for (unsigned number = 0; number < threads; ++number)
                coming.workers.push_back(
                    {Successors(room / threads, coming.spilled), Tally(setting_)});
            space_.interned().settle();
            const Ending ending = in_parallel(
                coming.workers.size(), heartbeat, coming,
                [&](std::size_t at) { expand(level, coming.workers[at]); });
            if (ending != Ending::covered || outgrown_) return ending;
            for (const Worker& each : coming.workers) {
                coming.tally.add(each.tally);
                coming.violated |= each.violated;
            }
            asking_.note(space_.steps().asked() - asked,
                         std::min((next_block_ - done) * CodedKeys::most, level.size()));
        }
        return Ending::covered;
    }

    static constexpr std::size_t least = std::size_t{1} << 22;

    // How much there may be of what is found; 0 if there is too little memory.
    std::size_t room() const {
        const std::size_t used = resident_bytes();
        if (used + (options_.room == 0 ? least : 0) > setting_.memory) return 0;
        return options_.room != 0 ? options_.room : (setting_.memory - used) / 4 * 3;
    }

    // Let threads work until nothing is left for them, or the heartbeat says to stop. Where memory
    // becomes short, `pause_` asks for an end that loses nothing.
    template <class Work>
    Ending in_parallel(std::size_t threads, const Heartbeat& heartbeat, const Coming& coming,
                       Work work) {
        stop_ = pause_ = false;
        Ending ending = Ending::covered;
        const auto tick = [&] {
            spilled_seen_ = coming.spilled.bytes();
            if (!is_alive(heartbeat)) {
                ending = Ending::interrupted;
                stop_ = true;
            }
            if (resident_bytes() > setting_.memory) pause_ = true;
        };
        const auto work_as_guest = [&](std::size_t at) {
            const auto guest = model_.guest();
            work(at);
        };
        in_threads(threads, stop_, work_as_guest, tick);
        return ending;
    }

    // Take all steps out of states of a level, some blocks at a time.
    void expand(const Run& level, Worker& worker) {
        const std::size_t some =
            asking_.is_much() ? 1 : std::clamp<std::size_t>(level.blocks() / (8 * setting_.threads), 1, 16);
        while (!stop_ && !pause_) {
            const std::size_t from = next_block_.fetch_add(some);
            if (from >= level.blocks()) break;
            Run::Reader reader(level, from, std::min(from + some, level.blocks()));
            for (NewKeys::Keys keys = reader.next(); !keys.empty(); keys = reader.next()) {
                const std::uint64_t before = worker.tally.transitions;
                if (!take_steps(keys, worker)) return;
                transitions_seen_ += worker.tally.transitions - before;
            }
        }
        if (!stop_) worker.found.sort();
    }

    // False if the steps of all could not be taken: a key that has too few bits, or the end.
    bool take_steps(NewKeys::Keys keys, Worker& worker) {
        try {
            for (const std::uint64_t each : keys) {
                if (stop_) return false;
                const std::uint64_t key = turned_back(each);
                const std::uint32_t cls = space_.fault_class(key);
                space_.expand(key, worker.tally, [&](Edge* edge, bool again, std::uint64_t next,
                                                     const auto& network) {
                    worker.violated |= space_.is_bad_step(key, cls, edge, again, network);
                    worker.found.add(turned(next));
                });
            }
        } catch (const Overflow&) {
            outgrown_ = stop_ = true;
            return false;
        }
        return true;
    }

    // Make what is new the next level.
    Ending keep_what_is_new(Coming& coming, const Heartbeat& heartbeat) {
        Runs known;
        for (const auto& each : levels_) known.push_back(each.get());
        std::atomic<bool> is_bad{false};
        const auto visit = [&](std::uint64_t key) {
            if (space_.is_bad(turned_back(key))) is_bad = true;
            distinct_seen_.fetch_add(1, std::memory_order_relaxed);
        };
        std::unique_ptr<Run> next;
        if (!write_new(coming, known, name_of(levels_.size()), heartbeat, visit, next))
            return Ending::interrupted;
        found_.tally.add(coming.tally);
        found_.tally.distinct += next == nullptr ? 0 : next->size();
        found_.queue = next == nullptr ? 0 : next->size();
        found_.covered_depth = found_.depth;
        found_.depth += next != nullptr;
        is_violated_ = coming.violated || is_bad;
        if (next != nullptr) levels_.push_back(std::move(next));
        is_kept_ = false;
        return Ending::covered;
    }

    // Write what was found and is not known; no run if that is nothing. False if the heartbeat says
    // to stop.
    template <class Visit>
    bool write_new(const Coming& coming, Runs known, const std::string& name,
                   const Heartbeat& heartbeat, Visit visit, std::unique_ptr<Run>& to) {
        std::vector<NewKeys::Keys> found;
        for (const Worker& each : coming.workers) found.push_back(each.found.keys());
        NewKeys keys(std::move(found), coming.spilled.runs(), std::move(known));
        RunWriter writer(kept_.path(name));
        try {
            const std::size_t threads = std::min<std::size_t>(keys.ranges(), setting_.threads);
            const Ending ending =
                in_parallel(threads, heartbeat, coming,
                            [&](std::size_t) { keys.write(writer, stop_, visit); });
            if (ending == Ending::covered && writer.size() > 0)
                to = writer.finish(true);
            else
                writer.give_up();
            return ending == Ending::covered;
        } catch (...) {
            writer.give_up();
            throw;
        }
    }

    // ---- Layout

    // Give all states keys that have more room, if there are such. That is seldom and early. Once it
    // is begun there is no way back, so that whether memory suffices is asked before.
    Ending lay_out_anew() {
        const Layout before = space_.layout();
        if (before.is_packed() && !space_.can_be_packed() && !number_networks())
            return Ending::out_of_memory;
        if (room() == 0) return Ending::out_of_memory;
        const int bits_before = server_bits_;
        if (!space_.lay_out()) return Ending::out_of_numbers;
        ++epoch_;
        note_layout();
        for (std::uint64_t number = 0; number < levels_.size(); ++number) {
            Coming coming(setting_, options_.folder);
            const std::size_t room = this->room() == 0 ? least : this->room();
            Worker& worker = coming.workers.emplace_back(
                Worker{Successors(room, coming.spilled), Tally(setting_)});
            Run::Reader reader(*levels_[number], 0, levels_[number]->blocks());
            for (NewKeys::Keys keys = reader.next(); !keys.empty(); keys = reader.next())
                for (std::uint64_t key : keys)
                    worker.found.add(turned(space_.translated(before, std::rotl(key, bits_before))));
            worker.found.sort();
            write_new(coming, {}, name_of(number), [](const Found&) { return true; },
                      [](std::uint64_t) {}, levels_[number]);
        }
        return Ending::covered;
    }

    // Give each packed network a number; false if that takes too much memory.
    bool number_networks() {
        constexpr std::size_t some = 256;  // blocks
        for (const auto& level : levels_)
            for (std::size_t from = 0; from < level->blocks(); from += some) {
                if (room() == 0) return false;
                Run::Reader reader(*level, from, std::min(from + some, level->blocks()));
                for (NewKeys::Keys keys = reader.next(); !keys.empty(); keys = reader.next())
                    for (std::uint64_t key : keys) space_.number_network(turned_back(key));
            }
        return true;
    }

    // ---- Ways

    // The states of a level from which a step violates something or, once there are ways, leads to
    // the next state of one; nothing if the heartbeat says to stop.
    std::optional<std::vector<std::uint64_t>> way_through(const Run& level,
                                                          const Heartbeat& heartbeat) {
        std::vector<std::vector<std::uint64_t>> found(level.size() < 256 ? 1 : setting_.threads);
        next_block_ = 0;
        const Coming nothing(setting_, options_.folder);
        const auto work = [&](std::size_t at) {
            Tally unused(setting_);
            for (std::size_t block; !stop_ && (block = next_block_++) < level.blocks();) {
                Run::Reader reader(level, block, block + 1);
                for (const std::uint64_t each : reader.next()) {
                    const std::uint64_t key = turned_back(each);
                    if (ways_.empty() ? violates(space_, key, unused)
                                      : leads_to(space_, key, ways_.back(), unused))
                        found[at].push_back(key);
                }
            }
        };
        if (in_parallel(found.size(), heartbeat, nothing, work) != Ending::covered) return {};
        std::vector<std::uint64_t> way;
        for (const auto& each : found) way.insert(way.end(), each.begin(), each.end());
        std::sort(way.begin(), way.end());
        return way;
    }

    bool lay_out_ways_anew() {
        const auto look_at = [&](auto visit) {
            for (const auto& way : ways_) std::for_each(way.begin(), way.end(), visit);
        };
        const auto replace = [&](auto to) {
            change_ways(ways_, [&](std::uint64_t& key) { key = to(key); });
        };
        return explorer::lay_out_anew(space_, look_at, replace);
    }

    // ---- What is kept

    // Levels that take no time are kept together.
    bool is_due() const {
        return std::chrono::steady_clock::now() - last_kept_ >=
               std::chrono::duration<double>(options_.every);
    }

    // A search that is over needs no room to tell of it.
    void keep_last(Ending ending, const Commit& commit) {
        try {
            if (!is_kept_) keep(commit);
        } catch (const FileError&) {
            if (ending != Ending::covered && ending != Ending::violated) throw;
        }
    }

    bool keep(const Commit& commit) {
        Files files;
        for (std::uint64_t level = 0; level < levels_.size(); ++level)
            files[name_of(level)] = levels_[level]->extent();
        kept_.write(files);
        const std::string name = "point-" + std::to_string(++point_) + ".bin";
        Log point(kept_.path(name), {});
        point.add(epoch_);
        point.add(is_violated_);
        point.add(levels_.size());
        kept_.write_point(point, found_);
        files[name] = point.sync();
        const bool go_on = commit(files);
        is_kept_ = true;
        last_kept_ = std::chrono::steady_clock::now();
        return go_on;
    }

    // ---- What is told meanwhile

    bool is_alive(const Heartbeat& heartbeat) {
        if (!pulse_.is_due()) return true;
        Found so_far = found_;
        so_far.tally.distinct = distinct_seen_.load(std::memory_order_relaxed);
        so_far.tally.transitions = transitions_seen_.load(std::memory_order_relaxed);
        so_far.bytes = bytes_of_levels() + spilled_seen_;
        return heartbeat(so_far);
    }

    std::uint64_t bytes_of_levels() const {
        std::uint64_t bytes = 0;
        for (const auto& level : levels_) bytes += level->bytes();
        return bytes;
    }

    Model& model_;
    Setting setting_;
    Options options_;
    Space space_;
    KeptSpace kept_;
    std::string trouble_;
    Found found_;
    std::vector<std::unique_ptr<Run>> levels_;
    Ways ways_;

    std::uint64_t epoch_ = 0, point_ = 0;
    bool is_violated_ = false, is_kept_ = true;
    Asking asking_;
    Pulse pulse_;
    int server_bits_ = 0;
    std::atomic<std::size_t> next_block_{0};
    std::atomic<bool> stop_{false}, pause_{false}, outgrown_{false};
    std::chrono::steady_clock::time_point last_kept_ = std::chrono::steady_clock::now();
    std::atomic<std::uint64_t> distinct_seen_{0}, transitions_seen_{0};
    std::uint64_t spilled_seen_ = 0;
};

}  // namespace explorer
