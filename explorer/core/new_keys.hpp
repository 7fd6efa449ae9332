// What is new of sorted keys: each once, and none that some run has.
//
// All there can be of keys is cut into ranges, in which few keys were found. Each range is looked at
// by one thread, which takes what was found together, reads of every run the blocks of the range,
// and strikes out what is in them. Nearly all keys of a run were not found again: a small set of bits
// tells that of most. Runs are read from their beginning to their end, since ranges are taken in
// their order; and what is left of them is written in it.
#pragma once

#include <condition_variable>
#include <limits>
#include <mutex>

#include "runs.hpp"

namespace explorer {

class NewKeys {
   public:
    using Keys = std::span<const std::uint64_t>;

    // What was found, each sorted, in memory and in runs; and disjoint runs of what is known.
    NewKeys(std::vector<Keys> found, std::vector<const Run*> found_runs,
            std::vector<const Run*> known)
        : found_(std::move(found)), found_runs_(std::move(found_runs)), known_(std::move(known)) {
        // Each sample stands for as many keys.
        std::vector<std::uint64_t> samples;
        for (Keys keys : found_)
            for (std::size_t at = CodedKeys::most; at < keys.size(); at += CodedKeys::most)
                samples.push_back(keys[at]);
        for (const Run* run : found_runs_)
            for (std::size_t block = 1; block < run->blocks(); ++block)
                samples.push_back(run->first(block));
        std::sort(samples.begin(), samples.end());
        for (std::size_t at = samples_in_range; at < samples.size(); at += samples_in_range)
            if (samples[at] > begins_.back()) begins_.push_back(samples[at]);
    }

    std::size_t ranges() const { return begins_.size(); }

    // Take part in writing what is new; visit(key) is called for each such key, once. Everybody
    // who takes part has an end when all ranges are done, or when `stop` is set.
    template <class Visit>
    void write(RunWriter& to, const std::atomic<bool>& stop, Visit visit) {
        Bench bench;
        while (!stop) {
            const std::size_t range = next_++;
            if (range >= begins_.size()) return;
            const std::uint64_t first = begins_[range];
            const std::uint64_t last = range + 1 < begins_.size()
                                           ? begins_[range + 1] - 1
                                           : std::numeric_limits<std::uint64_t>::max();
            gather(first, last, bench);
            for (const Run* run : known_) strike_out(*run, first, last, bench);
            keep_new(bench);
            for (std::uint64_t key : bench.keys) visit(key);
            bench.blocks.clear();
            bench.blocks.add(bench.keys);
            if (!wait_for_turn(range, stop)) return;
            to.add(bench.blocks);
            std::lock_guard lock(mutex_);
            ++turn_;
            turns_.notify_all();
        }
    }

   private:
    static constexpr std::size_t samples_in_range = 64;

    // What one thread has before it.
    struct Bench {
        std::vector<std::uint64_t> keys, merged;
        std::vector<std::size_t> ends;  // of pieces that are sorted
        std::vector<std::uint64_t> bits;
        int shift = 0;
        std::vector<std::uint8_t> is_struck;
        std::array<std::uint64_t, CodedKeys::most> hits;
        Blocks blocks;
    };

    // Put together what was found of a range, each key once.
    void gather(std::uint64_t first, std::uint64_t last, Bench& bench) const {
        bench.keys.clear();
        bench.ends.clear();
        for (Keys keys : found_) {
            const auto from = std::lower_bound(keys.begin(), keys.end(), first);
            bench.keys.insert(bench.keys.end(), from, std::upper_bound(from, keys.end(), last));
            bench.ends.push_back(bench.keys.size());
        }
        for (const Run* run : found_runs_) {
            Run::Reader reader(*run, run->block_of(first), run->block_after(last));
            for (Keys keys = reader.next(); !keys.empty(); keys = reader.next()) {
                const auto from = std::lower_bound(keys.begin(), keys.end(), first);
                bench.keys.insert(bench.keys.end(), from, std::upper_bound(from, keys.end(), last));
            }
            bench.ends.push_back(bench.keys.size());
        }
        while (bench.ends.size() > 1) merge_pairs(bench);
        bench.keys.erase(std::unique(bench.keys.begin(), bench.keys.end()), bench.keys.end());
        bench.is_struck.assign(bench.keys.size(), 0);
        fill_bits(bench);
    }

    static void merge_pairs(Bench& bench) {
        bench.merged.resize(bench.keys.size());
        std::vector<std::size_t> ends;
        std::size_t begin = 0;
        for (std::size_t at = 0; at < bench.ends.size(); at += 2) {
            const std::size_t middle = bench.ends[at];
            const std::size_t end = at + 1 < bench.ends.size() ? bench.ends[at + 1] : middle;
            const std::uint64_t* keys = bench.keys.data();
            std::merge(keys + begin, keys + middle, keys + middle, keys + end,
                       bench.merged.data() + begin);
            ends.push_back(begin = end);
        }
        bench.keys.swap(bench.merged);
        bench.ends.swap(ends);
    }

    static void fill_bits(Bench& bench) {
        const std::size_t size = std::bit_ceil(std::max<std::size_t>(16 * bench.keys.size(), 1024));
        bench.bits.assign(size / 64, 0);
        bench.shift = 64 - std::countr_zero(size);
        for (std::uint64_t key : bench.keys) {
            const std::size_t bit = bit_of(key, bench.shift);
            bench.bits[bit / 64] |= std::uint64_t{1} << bit % 64;
        }
    }
    static std::size_t bit_of(std::uint64_t key, int shift) {
        return key * 0x9E3779B97F4A7C15ULL >> shift;
    }

    static void strike_out(const Run& run, std::uint64_t first, std::uint64_t last, Bench& bench) {
        if (bench.keys.empty()) return;
        Run::Reader reader(run, run.block_of(first), run.block_after(last));
        std::size_t place = 0;
        for (Keys keys = reader.next(); !keys.empty(); keys = reader.next()) {
            std::size_t hits = 0;
            for (std::uint64_t key : keys) {
                const std::size_t bit = bit_of(key, bench.shift);
                bench.hits[hits] = key;
                hits += bench.bits[bit / 64] >> bit % 64 & 1;
            }
            for (std::size_t at = 0; at < hits; ++at) {
                place = next_place(bench.keys, place, bench.hits[at]);
                if (place < bench.keys.size() && bench.keys[place] == bench.hits[at])
                    bench.is_struck[place] = 1;
            }
        }
    }

    // The first place from one on where a key is that is not less, near or far.
    static std::size_t next_place(const std::vector<std::uint64_t>& keys, std::size_t from,
                                  std::uint64_t key) {
        std::size_t step = 1;
        while (from + step < keys.size() && keys[from + step] < key) {
            from += step;
            step *= 2;
        }
        const std::size_t to = std::min(from + step + 1, keys.size());
        return static_cast<std::size_t>(
            std::lower_bound(keys.begin() + static_cast<std::ptrdiff_t>(std::min(from, to)),
                             keys.begin() + static_cast<std::ptrdiff_t>(to), key) -
            keys.begin());
    }

    static void keep_new(Bench& bench) {
        std::size_t size = 0;
        for (std::size_t at = 0; at < bench.keys.size(); ++at) {
            bench.keys[size] = bench.keys[at];
            size += bench.is_struck[at] == 0;
        }
        bench.keys.resize(size);
    }

    // Who waits is woken now and then, lest it waits for one that failed.
    bool wait_for_turn(std::size_t range, const std::atomic<bool>& stop) {
        std::unique_lock lock(mutex_);
        while (turn_ != range) {
            if (stop) return false;
            turns_.wait_for(lock, std::chrono::milliseconds(20));
        }
        return true;
    }

    std::vector<Keys> found_;
    std::vector<const Run*> found_runs_, known_;
    std::vector<std::uint64_t> begins_{0};  // the first key of each range
    std::atomic<std::size_t> next_{0};
    std::mutex mutex_;
    std::condition_variable turns_;
    std::size_t turn_ = 0;
};

}  // namespace explorer
