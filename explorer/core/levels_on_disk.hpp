// The levels of a search, each a run (see runs.hpp), and no state is in two of them.
//
// Keys in runs are turned so that the servers are their highest bits: states of the same servers are
// next to each other then, which is where the search wants them.
#pragma once

#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kept_space.hpp"
#include "runs.hpp"

namespace explorer {

class LevelsOnDisk {
   public:
    using Runs = std::vector<const Run*>;

    LevelsOnDisk(const KeptSpace& kept, const Space& space) : kept_(kept), space_(space) {}

    std::size_t size() const { return levels_.size(); }
    const Run& operator[](std::size_t level) const { return *levels_[level]; }
    const Run& last() const { return *levels_.back(); }
    Runs all() const {
        Runs runs;
        for (const auto& each : levels_) runs.push_back(each.get());
        return runs;
    }
    std::uint64_t states() const {
        std::uint64_t states = 0;
        for (const auto& each : levels_) states += each->size();
        return states;
    }
    std::uint64_t bytes() const {
        std::uint64_t bytes = 0;
        for (const auto& each : levels_) bytes += each->bytes();
        return bytes;
    }

    std::string path_of(std::uint64_t level) const { return kept_.path(name_of(level)); }
    void add(std::unique_ptr<Run> run) { levels_.push_back(std::move(run)); }
    void replace(std::size_t level, std::unique_ptr<Run> run) { levels_[level] = std::move(run); }

    // ---- Files

    void note(Files& files) const {
        for (std::uint64_t level = 0; level < levels_.size(); ++level)
            files[name_of(level)] = levels_[level]->extent();
    }
    // Throws Damaged or FileError.
    void open(const Files& files, std::uint64_t epoch, std::uint64_t levels) {
        epoch_ = epoch;
        note_layout();
        for (std::uint64_t level = 0; level < levels; ++level) {
            const auto named = files.find(name_of(level));
            if (named == files.end()) throw Damaged(path_of(level), "is not there");
            add(std::make_unique<Run>(path_of(level), named->second));
        }
    }

    // ---- Keys in runs

    std::uint64_t epoch() const { return epoch_; }
    int server_bits() const { return server_bits_; }
    std::uint64_t turned(std::uint64_t key) const { return std::rotr(key, server_bits_); }
    std::uint64_t turned_back(std::uint64_t key) const { return std::rotl(key, server_bits_); }
    void note_layout() { server_bits_ = space_.layout().bits()[0]; }
    // States get other keys, and levels are written anew.
    void begin_epoch() {
        ++epoch_;
        note_layout();
    }

   private:
    std::string name_of(std::uint64_t level) const {
        return "level-" + std::to_string(level) + "-" + std::to_string(epoch_) + ".bin";
    }

    const KeptSpace& kept_;
    const Space& space_;
    std::vector<std::unique_ptr<Run>> levels_;
    std::uint64_t epoch_ = 0;
    int server_bits_ = 0;
};

}  // namespace explorer
