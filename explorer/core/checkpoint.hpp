// What a search has found, kept in files, so that it can go on whatever ended it.
//
//   states-E.bin   the keys of all states found, in the order in which they were found
//   servers.bin, networks.bin   what these speak of: see kept_space.hpp
//   point-N.bin    the rest, and the states that are left to expand
//
// All but the points grow only, so that each state is written once however often the search is kept;
// what counts of them, and which point belongs to them, is noted by whoever `commit` is. Until it
// has noted the new, the old is there untouched. E counts how often states have got other keys, or
// were written anew after a failure; N counts points.
//
// What was checked before need not be checked again, since a state or a step that was found bad is
// remembered in the point.
#pragma once

#include <chrono>
#include <cstring>
#include <optional>

#include "files.hpp"
#include "kept_space.hpp"
#include "search.hpp"

namespace explorer {

// What was found does not fit into the memory that the search may use.
struct NoRoom : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Checkpoint : public Keeper {
   public:
    using Files = explorer::Files;
    // Note that these files are the checkpoint now; false if the search shall stop.
    using Commit = std::function<bool(const Files&)>;
    // Tell that a file cannot be written.
    using Trouble = std::function<void(const std::string&)>;

    Checkpoint(Search& search, std::string folder, double every, Commit commit, Trouble trouble)
        : search_(search), kept_(search.space_, search.setting_, std::move(folder)),
          every_(every), commit_(std::move(commit)),
          trouble_(std::move(trouble)) {}

    // Make the search one that has found what is kept; the next `run` goes on with it. Throws
    // Damaged, FileError or NoRoom.
    void restore(const Files& files) {
        const auto& [point_file, point_number] = kept_.named("point-", files);
        const auto& [states_file, epoch] = kept_.named("states-", files);
        Reader point(kept_.path(point_file.first), point_file.second),
            states(kept_.path(states_file.first), states_file.second);
        point_ = point_number;
        epoch_ = epoch;
        const std::uint64_t capacity = point.next();
        search_.found_ = kept_.restore(files, point);
        restore_states(states, capacity);
        restore_front(point);
        if (point.left() > 0) point.misfit();
        logged_ = search_.front_.next.size();
        states_.emplace(kept_.path(states_file.first), states_file.second);
        states_kept_ = states_file.second;
        search_.is_restored_ = true;
    }

    void begin() override {
        try {
            new_states();
            logged_ = 0;
            log(search_.front_.level);
            logged_ = 0;
        } catch (const FileError& error) {
            give_up(error);
        }
    }

    void end_of_level() override {
        try {
            if (states_) log(search_.front_.next);
        } catch (const FileError& error) {
            give_up(error);
        }
        logged_ = 0;
    }

    void have_other_keys() override { states_.reset(); }

    bool is_due() const override {
        return std::chrono::steady_clock::now() - last_ >= std::chrono::duration<double>(every_);
    }

    bool keep() override {
        bool go_on = true;
        try {
            go_on = commit_(written());
        } catch (const FileError& error) {
            give_up(error);
        }
        last_ = std::chrono::steady_clock::now();
        return go_on;
    }

   private:
    std::string states_name() const { return "states-" + std::to_string(epoch_) + ".bin"; }

    // ---- Writing

    Files written() {
        if (states_) {
            log(search_.front_.next);
        } else {
            new_states();
            for (std::size_t slot = 0; slot < search_.visited_.slots(); ++slot)
                if (const std::uint64_t key = search_.visited_.at(slot); key != 0) states_->add(key);
            logged_ = search_.front_.next.size();
        }
        const std::string point_name = "point-" + std::to_string(++point_) + ".bin";
        Log point(kept_.path(point_name), {});
        write_point(point);
        Files files{{states_name(), states_->sync()}, {point_name, point.sync()}};
        states_kept_ = files.at(states_name());
        kept_.write(files);
        return files;
    }

    void new_states() {
        states_.reset();
        ++epoch_;
        states_kept_ = {};
        states_.emplace(kept_.path(states_name()), Extent{});
    }

    // Write what was not written of a level that grows.
    void log(const Level& level) {
        std::size_t known = logged_;
        for (const Level::Block& block : level.blocks()) {
            for (std::size_t at = std::min(known, block.size()); at < block.size(); ++at)
                states_->add(block[at]);
            known -= std::min(known, block.size());
        }
        logged_ = level.size();
    }

    void write_point(Log& log) const {
        const Front& front = search_.front_;
        log.add(search_.visited_.capacity());
        kept_.write_point(log, search_.found_);
        log.add(front.is_inside);
        log.add(front.is_violated);
        for (const Level* level : {&front.level, &front.next}) {
            log.add(level->size());
            for (const Level::Block& block : level->blocks())
                for (std::uint64_t key : block) log.add(key);
        }
    }

    // The search goes on, and so does what was kept before. The next time that something is kept,
    // all states are written anew.
    void give_up(const FileError& error) {
        states_.reset();
        try {
            Log(kept_.path(states_name()), states_kept_);  // what was written in vain takes room
        } catch (const FileError&) {
        }
        trouble_(error.path + ": " + std::strerror(error.code));
    }

    // ---- Reading

    void restore_states(Reader& states, std::uint64_t capacity) {
        Visited& visited = search_.visited_;
        if (capacity > visited.max_capacity() ||
            resident_bytes() + capacity * sizeof(std::uint64_t) > search_.setting_.memory)
            throw NoRoom("the " + std::to_string(states.left()) + " states that were found need " +
                         std::to_string((capacity * sizeof(std::uint64_t) >> 20) + 1) +
                         " MB of memory, and the search needs more besides");
        visited.start_with(capacity);
        // A thread takes a whole step before it sees that there is no more room.
        if (visited.capacity() < states.left() || states.left() != search_.found_.tally.distinct)
            states.misfit();
        std::uint64_t keys[64];
        std::size_t homes[64];
        while (states.left() > 0) {
            const std::size_t count = std::min<std::uint64_t>(states.left(), 64);
            for (std::size_t at = 0; at < count; ++at) {
                keys[at] = checked(states);
                homes[at] = visited.home(keys[at]);
                visited.prefetch(homes[at]);
            }
            for (std::size_t at = 0; at < count; ++at)
                if (!visited.insert(keys[at], homes[at])) states.misfit();
        }
    }

    void restore_front(Reader& point) {
        Front& front = search_.front_ = Front{};
        front.is_inside = point.next() != 0;
        front.is_violated = point.next() != 0;
        for (Level* level : {&front.level, &front.next})
            for (std::uint64_t left = point.next(); left > 0; --left) level->add(checked(point));
        search_.distinct_seen_ = search_.found_.tally.distinct;
        search_.transitions_seen_ = search_.found_.tally.transitions;
    }

    // A key, which speaks of nothing that has no number.
    std::uint64_t checked(Reader& reader) const {
        const std::uint64_t key = reader.next();
        const Space& space = search_.space_;
        const Word servers = space.servers(key);
        bool is_one = servers > 0 && servers <= space.steps().servers();
        const std::uint64_t network = space.layout().network(key);
        if (space.layout().is_packed())
            for (Word message : space.numbers_of(key))
                is_one = is_one && message < space.messages().size();
        else
            is_one = is_one && network < space.interned().end();
        if (!is_one) reader.misfit();
        return key;
    }

    Search& search_;
    KeptSpace kept_;
    double every_;
    Commit commit_;
    Trouble trouble_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();

    std::uint64_t epoch_ = 0, point_ = 0;
    std::optional<Log> states_;  // nothing: it could not be written
    Extent states_kept_;
    std::size_t logged_ = 0;  // how much of the next level is in the file
};

}  // namespace explorer
