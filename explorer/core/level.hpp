// The states of one level of a search, in blocks that threads take and that are freed one by one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace explorer {

class Level {
   public:
    using Block = std::vector<std::uint64_t>;

    Level() = default;
    Level(const Level& other) : blocks_(other.blocks_), size_(other.size_) {}
    Level(Level&& other) noexcept { take_all(other); }
    Level& operator=(Level&& other) noexcept {
        blocks_.clear();
        size_ = 0;
        take_all(other);
        return *this;
    }

    std::size_t size() const { return size_; }
    const std::vector<Block>& blocks() const { return blocks_; }

    void add(std::uint64_t key) {
        if (blocks_.empty() || blocks_.back().size() == block_size)
            blocks_.emplace_back().reserve(block_size);
        blocks_.back().push_back(key);
        ++size_;
    }

    void take_all(Level& other) {
        std::move(other.blocks_.begin(), other.blocks_.end(), std::back_inserter(blocks_));
        size_ += std::exchange(other.size_, 0);
        other.blocks_.clear();
    }

    template <class Change>
    void each(Change change) {
        for (Block& block : blocks_)
            for (std::uint64_t& key : block) change(key);
    }

    // Take a block, or so much of it that as many takers have enough; false if nothing is left.
    bool take(Block& block, std::size_t takers) {
        std::lock_guard lock(mutex_);
        if (blocks_.empty()) return false;
        Block& last = blocks_.back();
        const std::size_t share = std::max(smallest_share, size_ / takers);
        if (last.size() <= share) {
            block = std::move(last);
            blocks_.pop_back();
        } else {
            block.assign(last.end() - static_cast<std::ptrdiff_t>(share), last.end());
            last.resize(last.size() - share);
        }
        size_ -= block.size();
        return true;
    }

    // Give back what of a block was not used.
    void give_back(Block& block, std::size_t from) {
        block.erase(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(from));
        std::lock_guard lock(mutex_);
        size_ += block.size();
        blocks_.push_back(std::move(block));
    }

   private:
    static constexpr std::size_t block_size = std::size_t{1} << 16, smallest_share = 64;

    std::vector<Block> blocks_;
    std::size_t size_ = 0;
    std::mutex mutex_;
};

// Sort a block by a number of so many bits that each key has, digit by digit. States of the same
// servers, one after the other, find the edges of these in the cache.
template <class Of>
void sort_block(Level::Block& block, Level::Block& scratch, int bits, Of of) {
    constexpr int digit = 11;
    scratch.resize(block.size());
    for (int shift = 0; shift < bits; shift += digit) {
        const auto part = [&](std::uint64_t key) { return of(key) >> shift & ((1u << digit) - 1); };
        std::array<std::uint32_t, (1u << digit) + 1> starts{};
        for (std::uint64_t key : block) ++starts[part(key) + 1];
        for (std::size_t at = 1; at < starts.size(); ++at) starts[at] += starts[at - 1];
        for (std::uint64_t key : block) scratch[starts[part(key)]++] = key;
        block.swap(scratch);
    }
}

}  // namespace explorer
