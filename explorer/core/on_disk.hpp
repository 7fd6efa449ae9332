// Breadth-first search with the states on disk, for what is larger than memory; by one process, or by
// several ranks, each with the states that belong to it.
//
// A level is read from its beginning to its end and expanded; what is found is collected in memory,
// sorted, and written as runs where memory does not suffice. When the level is done, all that was
// found is held against all levels, and what is new is the next one. So no state is looked up alone,
// every file is read and written in one direction, and each state is written once, but for what did
// not fit meanwhile.
//
// Ranks meet in rounds while they expand a level, see distributed.hpp: what belongs to another one is
// sent there, and collected there with what that one finds. They have as many levels each, which may
// be empty, and keep them at the same time.
//
// The levels, with what keys speak of (see kept_space.hpp), are all that is needed to go on:
//
//   level-L-E.bin   the states of a level
//   point-N.bin     the rest: what was counted, and how many levels there are
//
// E counts how often states have got other keys, N the points. What belongs to a level at hand is
// not kept. What was found bad is told of in the point: such a level is not expanded again.
#pragma once

#include <deque>

#include "disk_ground.hpp"
#include "legacy.hpp"

namespace explorer {

class DiskSearch : DiskGround {
   public:
    using DiskGround::Heartbeat;
    using DiskGround::Options;
    // Note that these files are what was found; false if the search shall stop. Throws FileError.
    using Commit = std::function<bool(const Files&)>;

    DiskSearch(Model& model, std::vector<Property> properties, Setting setting, Options options,
               Peers& peers = Alone::nobody_else())
        : DiskGround(model, std::move(properties), std::move(setting), std::move(options), peers) {}

    // Make the search one that has found what is kept; `run` goes on with it. Throws Damaged or
    // FileError.
    void restore(const Files& files) {
        const auto& [file, number] = kept_.named("point-", files);
        Reader point(kept_.path(file.first), file.second);
        point_ = number;
        const std::uint64_t epoch = point.next();
        is_violated_ = point.next() != 0;
        const std::uint64_t levels = point.next();
        found_ = kept_.restore(files, point);
        if (point.left() > 0 || found_.depth != levels) point.misfit();
        levels_.open(files, epoch, levels);
        if (levels_.states() != found_.tally.distinct || found_.covered_depth > levels)
            point.misfit();
    }

    // Search from a state, or on from what was kept. A disk that is full ends the search, and so
    // does every other trouble with files that are written: see `trouble`. As in Distributed, the
    // tally is of this rank alone, and so are the bytes.
    Found run(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat,
              const Commit& commit) {
        together_.begin();
        const Standing last = levels(nodes, history, heartbeat, commit);
        together_.throw_what_failed();
        Ending ending = is_violated_ ? Ending::violated : Ending::covered;
        if (last.has_to_stop()) ending = last.why();
        if (last.has_failed || ending == Ending::out_of_disk) return ended(ending);
        return ended(keep_last(ending, commit));
    }

    // Have all ranks know which states are on a shortest way to a violation. The search must have
    // ended with one; so has this, unless it was stopped.
    Ending find_ways(const Heartbeat& heartbeat) {
        together_.begin();
        const Ending ending = every_way(heartbeat);
        together_.throw_what_failed();
        return ending;
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
    const std::string& trouble() const { return together_.trouble(); }
    const Postage& postage() const { return together_.post().postage(); }

    // ---- Earlier runs

    // How far an earlier run had come: the same for each of its ranks.
    struct Reached {
        std::uint64_t depth, covered_depth;
        bool is_violated;
    };
    Reached reached_before() const { return {found_.depth, found_.covered_depth, is_violated_}; }

    // Have the states that ranks of an earlier run have kept: each rank has restored some of them,
    // and all states go where they belong now. What all have is kept then, and `run` goes on
    // with it. Throws Damaged.
    Found adopt(std::vector<std::pair<DiskSearch*, Renumbering>> earlier, const Reached& reached,
                const Heartbeat& heartbeat, const Commit& commit) {
        together_.begin();
        found_ = Found{};
        found_.tally = Tally(setting_);
        found_.depth = reached.depth;
        found_.covered_depth = reached.covered_depth;
        is_violated_ = reached.is_violated;
        Legacies legacies;
        attempt([&] {
            note_layout();
            for (auto& [from, renumbering] : earlier) {
                found_.tally.add(renumbering.of(from->found_.tally));
                space_.verdicts().add_reached(from->verdicts().reached());
                legacies.emplace_back(std::piecewise_construct, std::forward_as_tuple(from),
                                      std::forward_as_tuple(from->space_, space_, setting_,
                                                            std::move(renumbering)));
            }
        });
        Standing all = meet_alone();
        for (std::uint64_t level = 0; level < found_.depth && !all.has_to_stop(); ++level)
            all = adopt_level(legacies, level, heartbeat);
        if (!all.has_to_stop()) {
            all = meet_alone();
            const std::uint64_t expected = all.distinct;
            found_.tally.distinct = levels_.states();
            found_.queue = found_.covered_depth < found_.depth ? all.queue : 0;
            all = meet_alone();
            attempt([&] {
                if (all.distinct != expected)
                    throw Damaged(options_.folder, "the states of earlier runs are not all there");
                is_kept_ = false;
                if (!keep(commit)) throw Stop{Ending::interrupted};
            });
            all = meet_alone();
        }
        together_.throw_what_failed();
        return ended(all.has_to_stop() ? all.why() : Ending::covered);
    }

   private:
    using Legacies = std::deque<std::pair<DiskSearch*, Legacy>>;

    // ---- Levels

    void begin(const std::vector<Node>& nodes, History history) {
        std::uint64_t initial = 0;
        with_room([&] { initial = space_.key_of({nodes, history, {}, {}}); });
        note_layout();
        found_ = Found{};
        found_.tally = Tally(setting_);
        found_.depth = 1;
        Blocks blocks;
        if (owner_of(initial) == together_.post().rank()) {
            const std::uint64_t key = levels_.turned(initial);
            blocks.add({&key, 1});
            found_.tally.distinct = 1;
        }
        RunWriter writer(levels_.path_of(0));
        writer.add(blocks);
        levels_.add(writer.finish(true));
        is_violated_ = space_.is_bad(initial);
        is_kept_ = false;
    }

    Standing levels(const std::vector<Node>& nodes, History history, const Heartbeat& heartbeat,
                    const Commit& commit) {
        attempt([&] {
            if (levels_.size() == 0) begin(nodes, history);
            note_layout();
        });
        see_what_counts();
        Standing all = meet_alone();
        is_violated_ = all.is_violated;
        while (!all.has_to_stop() && !is_violated_ && found_.covered_depth < found_.depth) {
            found_.queue = all.queue;
            if (found_.depth >= setting_.limits.depth) {
                found_.cut_by_depth = found_.queue;
                break;
            }
            attempt([&] { beat(heartbeat); });
            all = next_level(heartbeat);
            see_what_counts();
            if (all.has_to_stop() || !all.is_due) continue;
            attempt([&] {
                if (!keep(commit)) throw Stop{Ending::interrupted};
            });
            all = meet_alone();
        }
        return all;
    }

    Found ended(Ending ending) {
        found_.ending = ending;
        found_.bytes = levels_.bytes();
        return found_;
    }

    // Expand the last level; what is new is the next one. Until all ranks have done it nothing counts.
    Standing next_level(const Heartbeat& heartbeat) {
        coming_ = new_coming();
        next_block_ = 0;
        Standing all = gather([&] { expand_some(heartbeat); },
                              [&] { return next_block_ >= levels_.last().blocks(); });
        std::unique_ptr<Run> next;
        if (!all.has_to_stop()) {
            Standing own = standing();
            attempt([&] {
                next = what_is_new(heartbeat, own);
                own.next = own.queue = next == nullptr ? 0 : next->size();
            });
            all = meet(own);
            if (!all.has_to_stop()) take(std::move(next), all);
        }
        if (next != nullptr) next->remove();
        coming_.reset();
        return all;
    }

    void take(std::unique_ptr<Run> next, const Standing& all) {
        found_.tally.add(coming_->tally());
        found_.queue = all.next;
        found_.covered_depth = found_.depth;
        found_.depth += all.next > 0;
        is_violated_ = all.is_violated;
        is_kept_ = false;
        if (next == nullptr) return;
        found_.tally.distinct += next->size();
        if (all.next > 0)
            levels_.add(std::move(next));
        else
            next->remove();
    }

    // ---- Expansion

    void expand_some(const Heartbeat& heartbeat) {
        const Run& level = levels_.last();
        if (!coming_->has_room() || is_short_)
            provide_room(asking_.useful_threads(level.size(), setting_.threads), !is_alone_);
        const std::size_t done = next_block_;
        if (done >= level.blocks()) return;
        const std::uint64_t asked = space_.steps().asked();
        in_parallel(coming_->finders().size(), heartbeat, [&](std::size_t at) { expand(level, at); });
        send_foreign();
        if (outgrown_.exchange(false)) return lay_out_anew();
        asking_.note(space_.steps().asked() - asked,
                     std::min((next_block_ - done) * CodedKeys::most, level.size()));
    }

    // Take all steps out of states of a level, some blocks at a time.
    void expand(const Run& level, std::size_t thread) {
        Finder& finder = coming_->finders()[thread];
        const std::size_t some =
            asking_.is_much() ? 1 : std::clamp<std::size_t>(level.blocks() / (8 * setting_.threads), 1, 16);
        while (!stop_ && !pause_) {
            const std::size_t from = next_block_.fetch_add(some);
            if (from >= level.blocks()) break;
            Run::Reader reader(level, from, std::min(from + some, level.blocks()));
            for (NewKeys::Keys keys = reader.next(); !keys.empty(); keys = reader.next()) {
                const std::uint64_t before = finder.tally.transitions;
                if (!take_steps(keys, finder, thread)) return;
                transitions_seen_ += finder.tally.transitions - before;
            }
            if (finder.foreign_size >= much / setting_.threads) pause_ = true;
        }
    }

    // False if the steps of all could not be taken: a key that has too few bits, or the end.
    bool take_steps(NewKeys::Keys keys, Finder& finder, std::size_t thread) {
        try {
            for (const std::uint64_t each : keys) {
                if (stop_) return false;
                const std::uint64_t key = levels_.turned_back(each);
                const std::uint32_t cls = space_.fault_class(key);
                space_.expand(key, finder.tally, [&](Edge* edge, bool again, std::uint64_t next,
                                                     const auto& network) {
                    finder.violated |= space_.is_bad_step(key, cls, edge, again, network);
                    if (is_alone_ || is_own(next, finder, thread))
                        finder.found.add(levels_.turned(next));
                });
            }
        } catch (const Overflow&) {
            outgrown_ = stop_ = true;
            return false;
        }
        return true;
    }

    // Whether this rank is to keep a state that was found. If not, it is sent, or was a while ago. One
    // process alone does not ask, and its loop is the better for not having this in it.
    [[gnu::noinline]] bool is_own(std::uint64_t key, Finder& finder, std::size_t thread) {
        std::uint64_t& before = recents_[thread][mixed(key) % recents];
        if (std::exchange(before, key) == key) return false;
        const unsigned owner = owner_of(key);
        if (owner == together_.post().rank()) return true;
        finder.foreign[owner].push_back(key);
        ++finder.foreign_size;
        return false;
    }

    void send_foreign() {
        for (Finder& each : coming_->finders()) {
            for (unsigned rank = 0; rank < each.foreign.size(); ++rank) {
                for (std::uint64_t key : each.foreign[rank]) together_.post().add(rank, key);
                each.foreign[rank].clear();
            }
            each.foreign_size = 0;
        }
    }

    // Write what is new of what is coming; own.is_violated becomes true if something is bad.
    std::unique_ptr<Run> what_is_new(const Heartbeat& heartbeat, Standing& own) {
        coming_->finish();
        std::atomic<bool> is_bad{false};
        const auto visit = [&](std::uint64_t key) {
            if (space_.is_bad(levels_.turned_back(key))) is_bad = true;
            distinct_seen_.fetch_add(1, std::memory_order_relaxed);
        };
        NewKeys keys(coming_->keys(), coming_->runs(), levels_.all());
        auto next = written(keys, levels_.path_of(levels_.size()), heartbeat, visit, !is_alone_);
        own.is_violated |= coming_->is_violated() || is_bad;
        return next;
    }

    // ---- Ways

    Ending every_way(const Heartbeat& heartbeat) {
        ways_.clear();
        for (std::uint64_t level = found_.covered_depth; level-- > 0;) {
            attempt([&] { find_way_through(level, heartbeat); });
            const auto again = [&](auto something) { with_room(something); };
            const Standing all =
                together_.meet(Standing{}, again, [](std::uint64_t) {},
                               [&](std::uint64_t key) { way_.push_back(key); });
            if (all.has_to_stop()) return all.why();
            std::sort(way_.begin(), way_.end());
            ways_.push_back(std::move(way_));
            way_.clear();
        }
        std::reverse(ways_.begin(), ways_.end());
        const Standing all = meet(Standing{});
        return all.has_to_stop() ? all.why() : Ending::violated;
    }

    // Have the states of a level from which a step violates something or, once there are ways, leads
    // to the next state of one; and tell the others. In an earlier run more had a number than here.
    void find_way_through(std::uint64_t level, const Heartbeat& heartbeat) {
        for (;;) {
            way_ = way_through(levels_[level], heartbeat);
            if (!outgrown_.exchange(false)) break;
            way_.clear();
            lay_out_anew();
        }
        for (std::uint64_t key : way_) together_.post().add_for_all(key);
    }

    std::vector<std::uint64_t> way_through(const Run& level, const Heartbeat& heartbeat) {
        std::vector<std::vector<std::uint64_t>> found(level.size() < 256 ? 1 : setting_.threads);
        next_block_ = 0;
        const auto work = [&](std::size_t at) {
            Tally unused(setting_);
            for (std::size_t block; !stop_ && (block = next_block_++) < level.blocks();) {
                Run::Reader reader(level, block, block + 1);
                for (const std::uint64_t each : reader.next()) {
                    const std::uint64_t key = levels_.turned_back(each);
                    if (is_on_a_way(key, unused)) found[at].push_back(key);
                }
            }
        };
        in_parallel(found.size(), heartbeat, work);
        std::vector<std::uint64_t> way;
        for (const auto& each : found) way.insert(way.end(), each.begin(), each.end());
        return way;
    }

    bool is_on_a_way(std::uint64_t key, Tally& unused) {
        try {
            return ways_.empty() ? violates(space_, key, unused)
                                 : leads_to(space_, key, ways_.back(), unused);
        } catch (const Overflow&) {
            return outgrown_ = stop_ = true;
        }
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

    // ---- Earlier runs

    Standing adopt_level(Legacies& legacies, std::uint64_t level, const Heartbeat& heartbeat) {
        coming_ = new_coming();
        std::size_t at = 0, block = 0;
        const auto some = [&] {
            if (!coming_->has_room() || resident_bytes() > setting_.memory) provide_room(0, true);
            beat(heartbeat);
            if (at == legacies.size()) return;
            auto& [from, legacy] = legacies[at];
            block = adopt_blocks(from->levels_, legacy, level, block);
            if (block >= from->levels_[level].blocks()) {
                ++at;
                block = 0;
            }
        };
        Standing all = gather(some, [&] { return at == legacies.size(); });
        attempt([&] {
            coming_->finish();
            NewKeys keys(coming_->keys(), coming_->runs(), {});
            levels_.add(written(keys, levels_.path_of(level), heartbeat, [](std::uint64_t) {}, true));
        });
        all = meet_alone();
        coming_.reset();
        return all;
    }

    std::size_t adopt_blocks(const LevelsOnDisk& from, Legacy& legacy, std::uint64_t level,
                             std::size_t block) {
        const std::size_t end = std::min(block + much / CodedKeys::most, from[level].blocks());
        Run::Reader reader(from[level], block, end);
        for (NewKeys::Keys keys = reader.next(); !keys.empty(); keys = reader.next())
            for (std::uint64_t key : keys) legacy.add(from.turned_back(key));
        legacy.pass_on([&](auto something) { with_room(something); },
                       [&](std::uint64_t key) {
                           const unsigned owner = owner_of(key);
                           if (owner == together_.post().rank())
                               coming_->arrived().add(levels_.turned(key));
                           else
                               together_.post().add(owner, key);
                       });
        return end;
    }

    // ---- What is kept

    // A search that is over needs no room to tell of it.
    Ending keep_last(Ending ending, const Commit& commit) {
        together_.begin();
        attempt([&] {
            if (!is_kept_) keep(commit);
        });
        const Standing all = meet_alone();
        together_.throw_what_failed();
        const bool is_over = ending == Ending::covered || ending == Ending::violated;
        return is_over || !all.has_to_stop() ? ending : all.why();
    }

    bool keep(const Commit& commit) {
        Files files;
        levels_.note(files);
        kept_.write(files);
        const std::string name = "point-" + std::to_string(point_ + 1) + ".bin";
        Log point(kept_.path(name), {});
        point.add(levels_.epoch());
        point.add(is_violated_);
        point.add(levels_.size());
        kept_.write_point(point, found_);
        files[name] = point.sync();
        const bool go_on = commit(files);
        ++point_;  // by then, so that all ranks give the same number to what they keep together
        is_kept_ = true;
        last_kept_ = std::chrono::steady_clock::now();
        return go_on;
    }

    std::uint64_t point_ = 0;
};

}  // namespace explorer
