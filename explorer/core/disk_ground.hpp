// What all parts of a search on disk stand on: the states that it has, how it meets other ranks, how
// its threads work, and keys that grow.
#pragma once

#include <functional>

#include "coming.hpp"
#include "crew.hpp"
#include "levels_on_disk.hpp"
#include "memory.hpp"
#include "new_keys.hpp"
#include "outgrown.hpp"
#include "owners.hpp"
#include "together.hpp"
#include "ways.hpp"

namespace explorer {

class DiskGround {
   protected:
    using Heartbeat = std::function<bool(const Found&)>;
    struct Options {
        std::string folder;    // of this rank
        double every;          // seconds, from one time that levels are kept to the next
        std::size_t room = 0;  // bytes for what is found of a level; 0: most of what memory leaves
    };
    DiskGround(Model& model, std::vector<Property> properties, Setting setting, Options options,
               Peers& peers)
        : model_(model),
          setting_(std::move(setting)),
          options_(std::move(options)),
          space_(model, std::move(properties), setting_),
          kept_(space_, setting_, options_.folder),
          levels_(kept_, space_),
          owners_(model, space_, peers.size()),
          together_(space_, setting_, peers),
          is_alone_(peers.size() == 1),
          recents_(is_alone_ ? 0 : setting_.threads, std::vector<std::uint64_t>(recents)) {}

    template <class Do>
    void attempt(Do something) {
        together_.attempt(something);
    }

    unsigned owner_of(std::uint64_t key) { return is_alone_ ? 0 : owners_.of(key); }

    // ---- Rounds

    Standing standing() const {
        Standing own;
        own.is_violated = is_violated_;
        own.is_due = is_due();
        own.distinct = found_.tally.distinct;
        own.transitions = found_.tally.transitions;
        own.queue = levels_.size() == 0 ? 0 : levels_.last().size();
        own.bytes = levels_.bytes();
        return own;
    }

    // Meet the others with nothing for them.
    Standing meet(const Standing& own) {
        return together_.meet(
            own, [](auto something) { something(); }, [](std::uint64_t) {}, [](std::uint64_t) {});
    }
    Standing meet_alone() { return meet(standing()); }

    // Do some of what there is to do, and meet the others, until all are done. What came in the last
    // round may have been too much for keys, and then more is to do: so they are done twice.
    template <class Some, class IsDone>
    Standing gather(Some some, IsDone is_done) {
        const auto again = [&](auto something) { with_room(something); };
        const auto arrived = [&](std::uint64_t key) { coming_->arrived().add(levels_.turned(key)); };
        for (bool were_done = is_alone_;;) {
            attempt(some);
            Standing own = standing();
            own.is_done = is_done();
            const Standing all = together_.meet(own, again, [](std::uint64_t) {}, arrived);
            if (all.has_to_stop() || (all.is_done && were_done)) return all;
            were_done = is_alone_ || all.is_done;
        }
    }

    // ---- Work

    std::unique_ptr<Coming> new_coming() const {
        return std::make_unique<Coming>(setting_, options_.folder, together_.post().ranks());
    }

    // Throws Stop if there is too little memory.
    void provide_room(unsigned threads, bool may_arrive) {
        coming_->put_away();
        const std::size_t room = this->room();
        if (room == 0) throw Stop{Ending::out_of_memory};
        coming_->provide(room, threads, may_arrive);
        space_.interned().settle();
        is_short_ = false;
    }

    static constexpr std::size_t least = std::size_t{1} << 22;
    static constexpr std::size_t recents = std::size_t{1} << 17;
    static constexpr std::size_t much = std::size_t{1} << 18;  // states to send in a round
    static constexpr std::chrono::milliseconds round_time{500};

    // How much there may be of what is found; 0 if there is too little memory.
    std::size_t room() const {
        const std::size_t used = resident_bytes();
        if (used + (options_.room == 0 ? least : 0) > setting_.memory) return 0;
        return options_.room != 0 ? options_.room : (setting_.memory - used) / 4 * 3;
    }

    // Let threads work until nothing is left for them. Throws Stop if the heartbeat says so. Where
    // memory becomes short, or others wait, `pause_` asks for an end that loses nothing.
    template <class Work>
    void in_parallel(std::size_t threads, const Heartbeat& heartbeat, Work work) {
        stop_ = pause_ = false;
        bool is_interrupted = false;
        const auto end = std::chrono::steady_clock::now() + round_time;
        const auto tick = [&] {
            if (!is_alive(heartbeat)) is_interrupted = stop_ = true;
            if (resident_bytes() > setting_.memory) is_short_ = pause_ = true;
            if (!is_alone_ && std::chrono::steady_clock::now() > end) pause_ = true;
        };
        const auto work_as_guest = [&](std::size_t at) {
            const auto guest = model_.guest();
            work(at);
        };
        in_threads(threads, stop_, work_as_guest, tick);
        if (is_interrupted) throw Stop{Ending::interrupted};
    }

    // Write what was found and is not known. If that is nothing, there is no run, unless there has to
    // be one. Throws Stop if the heartbeat says so.
    template <class Visit>
    std::unique_ptr<Run> written(NewKeys& keys, const std::string& path, const Heartbeat& heartbeat,
                                 Visit visit, bool may_be_empty) {
        RunWriter writer(path);
        try {
            const std::size_t threads = std::min<std::size_t>(keys.ranges(), setting_.threads);
            in_parallel(threads, heartbeat,
                        [&](std::size_t) { keys.write(writer, stop_, visit); });
            if (writer.size() > 0 || may_be_empty) return writer.finish(true);
            writer.give_up();
            return nullptr;
        } catch (...) {
            writer.give_up();
            throw;
        }
    }

    // ---- Layout

    void note_layout() { levels_.note_layout(); }

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

    // Give all states keys that have more room, if there are such, and expand the level once more.
    // That is seldom and early. Once it is begun there is no way back, so that whether memory suffices
    // is asked before. Throws Stop.
    void lay_out_anew() {
        const Layout before = space_.layout();
        if (coming_) coming_->drop_found();
        next_block_ = 0;
        for (auto& each : recents_) std::fill(each.begin(), each.end(), 0);
        if (before.is_packed() && !space_.can_be_packed()) number_networks();
        if (room() == 0) throw Stop{Ending::out_of_memory};
        const int bits_before = levels_.server_bits();
        if (!space_.lay_out()) throw Stop{Ending::out_of_numbers};
        levels_.begin_epoch();
        const auto changed = [&](std::uint64_t key) {
            return levels_.turned(space_.translated(before, std::rotl(key, bits_before)));
        };
        if (coming_) coming_->change_arrived(room_for_change() / 2, changed);
        for (std::size_t level = 0; level < levels_.size(); ++level) change_level(level, changed);
        const auto change = [&](std::uint64_t& key) { key = space_.translated(before, key); };
        for (std::uint64_t& key : way_) change(key);
        change_ways(ways_, change);
        transitions_seen_ = found_.tally.transitions;
    }

    std::size_t room_for_change() const { return std::max(room(), least); }

    template <class Changed>
    void change_level(std::size_t level, Changed changed) {
        Spilled spilled(options_.folder);
        Successors found(room_for_change(), spilled);
        levels_[level].each([&](std::uint64_t key) { found.add(changed(key)); });
        found.sort();
        NewKeys keys({found.keys()}, spilled.runs(), {});
        const auto path = levels_.path_of(level);
        levels_.replace(level, written(keys, path, [](const Found&) { return true; },
                                       [](std::uint64_t) {}, true));
    }

    // Give each packed network a number. Throws Stop if that takes too much memory.
    void number_networks() {
        std::size_t count = 0;
        const auto number = [&](std::uint64_t key) {
            if (count++ % (std::size_t{1} << 18) == 0 && room() == 0)
                throw Stop{Ending::out_of_memory};
            space_.number_network(levels_.turned_back(key));
        };
        for (const Run* level : levels_.all()) level->each(number);
        if (coming_) coming_->each_arrived(number);
        for (std::uint64_t key : way_) space_.number_network(key);
        for (const auto& way : ways_)
            for (std::uint64_t key : way) space_.number_network(key);
    }

    // ---- What is told meanwhile

    void beat(const Heartbeat& heartbeat) {
        if (!is_alive(heartbeat)) throw Stop{Ending::interrupted};
    }

    void see_what_counts() {
        distinct_seen_ = found_.tally.distinct;
        transitions_seen_ = found_.tally.transitions;
    }

    // What others have was told when all met last.
    bool is_alive(const Heartbeat& heartbeat) {
        if (!pulse_.is_due()) return true;
        const Standing& others = together_.others();
        Found so_far = found_;
        so_far.tally.distinct = distinct_seen_.load(std::memory_order_relaxed) + others.distinct;
        so_far.tally.transitions =
            transitions_seen_.load(std::memory_order_relaxed) + others.transitions;
        so_far.bytes = levels_.bytes() + (coming_ ? coming_->spilled_bytes() : 0) + others.bytes;
        return heartbeat(so_far);
    }

    // Levels that take no time are kept together.
    bool is_due() const {
        return std::chrono::steady_clock::now() - last_kept_ >=
               std::chrono::duration<double>(options_.every);
    }

    Model& model_;
    Setting setting_;
    Options options_;
    Space space_;
    KeptSpace kept_;
    LevelsOnDisk levels_;
    Owners owners_;
    Together together_;
    bool is_alone_;
    Found found_;
    std::unique_ptr<Coming> coming_;
    Ways ways_;
    std::vector<std::uint64_t> way_;  // that which is being found

    bool is_violated_ = false, is_kept_ = true;
    std::atomic<bool> is_short_{false};  // of memory
    Asking asking_;
    Pulse pulse_;
    std::atomic<std::size_t> next_block_{0};
    std::atomic<bool> stop_{false}, pause_{false}, outgrown_{false};
    std::vector<std::vector<std::uint64_t>> recents_;  // by the thread
    std::chrono::steady_clock::time_point last_kept_ = std::chrono::steady_clock::now();
    std::atomic<std::uint64_t> distinct_seen_{0}, transitions_seen_{0};
};

}  // namespace explorer
