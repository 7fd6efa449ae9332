// What is known of the next level while one is expanded: by each thread what it found, and what came
// from other ranks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "parallel.hpp"
#include "successors.hpp"
#include "tally.hpp"

namespace explorer {

// What one thread found. States of other ranks it sorts by these.
struct Finder {
    Successors found;
    Tally tally;
    bool violated = false;
    std::vector<std::vector<std::uint64_t>> foreign;
    std::size_t foreign_size = 0;
};

class Coming {
   public:
    using Keys = std::span<const std::uint64_t>;

    Coming(const Setting& setting, std::string folder, unsigned ranks)
        : setting_(setting), folder_(std::move(folder)), ranks_(ranks), tally_(setting),
          spilled_(folder_), came_(std::make_unique<Spilled>(folder_)) {}

    std::vector<Finder>& finders() { return finders_; }
    Successors& arrived() { return *arrived_; }
    const Tally& tally() const { return tally_; }
    bool is_violated() const { return is_violated_; }
    std::uint64_t spilled_bytes() const { return spilled_.bytes() + came_->bytes(); }

    bool has_room() const { return has_room_; }
    // Put away what there is in memory.
    void put_away() {
        finish();
        for (Finder& each : finders_) each.found.spill();
        if (arrived_) arrived_->spill();
        finders_.clear();
        arrived_.reset();
        has_room_ = false;
    }
    // Have so many bytes for what so many threads find, and for what arrives.
    void provide(std::size_t bytes, unsigned threads, bool may_arrive) {
        const std::size_t share = bytes / (threads + may_arrive);
        for (unsigned number = 0; number < threads; ++number)
            finders_.push_back({Successors(share, spilled_), Tally(setting_), false,
                                std::vector<std::vector<std::uint64_t>>(ranks_)});
        if (may_arrive) arrived_ = std::make_unique<Successors>(share, *came_);
        has_room_ = true;
    }

    // All is found; each its part, sorted.
    void finish() {
        sort();
        count();
    }
    std::vector<Keys> keys() const {
        std::vector<Keys> found;
        for (const Finder& each : finders_) found.push_back(each.found.keys());
        if (arrived_) found.push_back(arrived_->keys());
        return found;
    }
    std::vector<const Run*> runs() const {
        std::vector<const Run*> found = spilled_.runs();
        for (const Run* each : came_->runs()) found.push_back(each);
        return found;
    }

    // What was found here will be found again, and counted; what came will not come again.
    void drop_found() {
        finders_.clear();
        spilled_.clear();
        tally_ = Tally(setting_);
        is_violated_ = has_room_ = false;
    }
    template <class Visit>
    void each_arrived(Visit visit) {
        if (!arrived_) return;
        arrived_->sort();
        for (std::uint64_t key : arrived_->keys()) visit(key);
        for (const Run* run : came_->runs()) run->each(visit);
    }
    template <class Change>
    void change_arrived(std::size_t bytes, Change change) {
        if (!arrived_) return;
        arrived_->sort();
        const auto came = std::exchange(came_, std::make_unique<Spilled>(folder_));
        const auto arrived = std::exchange(arrived_, std::make_unique<Successors>(bytes, *came_));
        for (std::uint64_t key : arrived->keys()) arrived_->add(change(key));
        for (const Run* run : came->runs())
            run->each([&](std::uint64_t key) { arrived_->add(change(key)); });
    }

   private:
    void sort() {
        std::atomic<bool> stop{false};
        in_threads(finders_.size(), stop, [&](std::size_t at) { finders_[at].found.sort(); }, [] {});
        if (arrived_) arrived_->sort();
    }
    void count() {
        for (Finder& each : finders_) {
            tally_.add(std::exchange(each.tally, Tally(setting_)));
            is_violated_ |= each.violated;
        }
    }

    const Setting& setting_;
    std::string folder_;
    unsigned ranks_;
    Tally tally_;
    bool is_violated_ = false, has_room_ = false;
    Spilled spilled_;
    std::unique_ptr<Spilled> came_;
    std::vector<Finder> finders_;
    std::unique_ptr<Successors> arrived_;
};

}  // namespace explorer
