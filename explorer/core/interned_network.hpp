// What is in flight as a number: for networks that do not fit into the key of a state.
//
// The messages of a network, in the same normal form as in packed_network.hpp, are stored once, one
// after the other in an array that does not move; where they are there is the network's number. A
// table of hashes tells whether a network has one. What is compared is the messages themselves, so
// that different networks never have one number.
//
// Reading takes no lock. Who adds a network holds one; a table that has become too small is left as
// it is, for those who read it, until nobody does.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "messages.hpp"
#include "mixing.hpp"
#include "packed_network.hpp"

namespace explorer {

// The messages of a network that is being made, most often few.
class Draft {
   public:
    Draft() = default;
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    std::size_t size() const { return size_; }
    const Word* begin() const { return words_; }
    const Word* end() const { return words_ + size_; }
    void clear() { size_ = 0; }
    void add(const Word* from, std::size_t count) {
        if (size_ + count > capacity_) grow(size_ + count);
        std::copy_n(from, count, words_ + size_);
        size_ += count;
    }
    void insert(std::size_t at, Word word) {
        if (size_ == capacity_) grow(size_ + 1);
        std::copy_backward(words_ + at, words_ + size_, words_ + size_ + 1);
        words_[at] = word;
        ++size_;
    }
    void swap_content(Draft& other) {
        Draft copy;
        copy.add(words_, size_);
        clear();
        add(other.words_, other.size_);
        other.clear();
        other.add(copy.words_, copy.size_);
    }

   private:
    static constexpr std::size_t few = 24;
    void grow(std::size_t needed) {
        capacity_ = std::max(2 * capacity_, needed);
        std::unique_ptr<Word[]> larger(new Word[capacity_]);
        std::copy_n(words_, size_, larger.get());
        many_ = std::move(larger);
        words_ = many_.get();
    }

    std::size_t size_ = 0, capacity_ = few;
    Word few_[few];
    Word* words_ = few_;
    std::unique_ptr<Word[]> many_;
};

class InternedNetworks {
   public:
    using View = std::span<const Word>;
    using Draft = explorer::Draft;

    InternedNetworks(Messages& messages, bool is_fifo, std::size_t max_size)
        : messages_(messages), is_fifo_(is_fifo), max_size_(max_size) {
        tables_.push_back(std::make_unique<Table>(std::size_t{1} << 12));
        table_ = tables_.back().get();
    }

    // All numbers are less than this; the empty network is 0.
    std::uint64_t end() const { return next_; }
    void set_limit(std::uint64_t limit) { limit_ = limit; }

    View view(std::uint64_t number) const {
        if (number == 0) return {};
        const Word* row = &words_[number * unit];
        return {row + 1, row[0]};
    }
    Word at(View view, int place) const { return view[static_cast<std::size_t>(place)]; }
    int size(View view) const { return static_cast<int>(view.size()); }
    bool is_deliverable(View view, int place) const {
        return !is_fifo_ || place == 0 ||
               messages_.channel(at(view, place)) != messages_.channel(at(view, place - 1));
    }

    void begin(Draft& draft, View view) const {
        draft.clear();
        draft.add(view.data(), view.size());
    }
    void begin_without(Draft& draft, View view, int place) const {
        const auto before = static_cast<std::size_t>(place);
        draft.clear();
        draft.add(view.data(), before);
        draft.add(view.data() + before + 1, view.size() - before - 1);
    }

    bool send(Draft& draft, Word message) const {
        const Word* place = is_fifo_
            ? std::upper_bound(draft.begin(), draft.end(), message,
                               [&](Word one, Word other) {
                                   return messages_.channel(one) < messages_.channel(other);
                               })
            : std::find_if(draft.begin(), draft.end(), [&](Word each) { return each >= message; });
        if (!is_fifo_ && place != draft.end() && *place == message) return true;
        if (draft.size() >= max_size_) return false;
        draft.insert(static_cast<std::size_t>(place - draft.begin()), message);
        return true;
    }

    // The number of the least renaming, by the last message first. Throws Overflow.
    std::uint64_t placed(const Draft& draft, const Renamings* renamings) {
        if (renamings == nullptr) return intern({draft.begin(), draft.end()});
        Draft least, image;
        for (std::size_t number = 0; number < renamings->size(); ++number) {
            Draft& to = number == 0 ? least : image;
            to.clear();
            for (Word message : draft) send(to, messages_.renamed((*renamings)[number], message));
            if (number > 0 && is_less(image, least)) least.swap_content(image);
        }
        return intern({least.begin(), least.end()});
    }

    std::uint64_t intern(View network) {
        if (network.empty()) return 0;
        const std::uint64_t hash = hashed(network);
        std::uint64_t number = find(*table_.load(std::memory_order_acquire), hash, network);
        if (number == 0) number = add(hash, network);
        if (number >= limit_) throw Overflow();
        return number;
    }

    // Forget the tables that were too small. Nobody may be reading them.
    void settle() { tables_.erase(tables_.begin(), tables_.end() - 1); }

    // The networks in the order of their numbers: the first, and the one after another (0: none).
    std::uint64_t first() const { return from(1); }
    std::uint64_t after(std::uint64_t number) const {
        return from(number + units(view(number).size()));
    }

   private:
    static constexpr std::size_t unit = 2;  // words
    static constexpr int number_bits = 40;

    struct Table {
        explicit Table(std::size_t size) : mask(size - 1), slots(size) {}
        std::size_t mask, used = 0;
        std::vector<std::atomic<std::uint64_t>> slots;  // a part of the hash and a number; 0: none
    };

    static bool is_less(const Draft& one, const Draft& other) {
        return std::lexicographical_compare(std::make_reverse_iterator(one.end()),
                                            std::make_reverse_iterator(one.begin()),
                                            std::make_reverse_iterator(other.end()),
                                            std::make_reverse_iterator(other.begin()));
    }

    static std::uint64_t hashed(View network) {
        std::uint64_t hash = network.size();
        for (Word word : network) {
            hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
            hash ^= hash >> 29;
        }
        return mixed(hash);
    }

    std::uint64_t from(std::uint64_t number) const {
        while (number < next_ && words_[number * unit] == 0)  // nothing to the end of the segment
            number += words_.in_a_row(number * unit) / unit;
        return number < next_ ? number : 0;
    }

    static std::uint64_t units(std::size_t size) { return (size + 1 + unit - 1) / unit; }

    std::uint64_t find(const Table& table, std::uint64_t hash, View network) const {
        for (std::size_t at = hash & table.mask;; at = (at + 1) & table.mask) {
            const std::uint64_t slot = table.slots[at].load(std::memory_order_acquire);
            if (slot == 0) return 0;
            if (slot >> number_bits != hash >> number_bits) continue;
            const std::uint64_t number = slot & ((std::uint64_t{1} << number_bits) - 1);
            const View found = view(number);
            if (found.size() == network.size() &&
                std::equal(found.begin(), found.end(), network.begin()))
                return number;
        }
    }

    std::uint64_t add(std::uint64_t hash, View network) {
        std::lock_guard lock(adding_);
        Table* table = tables_.back().get();
        if (const std::uint64_t found = find(*table, hash, network)) return found;
        std::uint64_t number = next_;
        words_.make_room_for(number * unit);
        while (words_.in_a_row(number * unit) < units(network.size()) * unit) {
            number += words_.in_a_row(number * unit) / unit;
            words_.make_room_for(number * unit);
        }
        if (number >> number_bits != 0) throw Overflow();
        Word* row = &words_[number * unit];
        row[0] = static_cast<Word>(network.size());
        std::copy(network.begin(), network.end(), row + 1);
        next_ = number + units(network.size());
        if (2 * (table->used + 1) > table->slots.size()) table = larger();
        put(*table, hash, number);
        return number;
    }

    // Half of a table is empty, and each network has a number of so many bits: so its size fits.
    static_assert(number_bits + 2 < 8 * sizeof(std::size_t) - 3);
    Table* larger() {
        const Table& old = *tables_.back();
        auto table = std::make_unique<Table>(2 * old.slots.size());
        for (const auto& slot : old.slots)
            if (const std::uint64_t entry = slot.load(std::memory_order_relaxed)) {
                const std::uint64_t number = entry & ((std::uint64_t{1} << number_bits) - 1);
                put(*table, hashed(view(number)), number);
            }
        tables_.push_back(std::move(table));
        table_.store(tables_.back().get(), std::memory_order_release);
        return tables_.back().get();
    }

    static void put(Table& table, std::uint64_t hash, std::uint64_t number) {
        std::size_t at = hash & table.mask;
        while (table.slots[at].load(std::memory_order_relaxed) != 0) at = (at + 1) & table.mask;
        table.slots[at].store(hash >> number_bits << number_bits | number,
                              std::memory_order_release);
        ++table.used;
    }

    Messages& messages_;
    bool is_fifo_;
    std::size_t max_size_;
    std::uint64_t limit_ = std::uint64_t{1} << number_bits;
    std::mutex adding_;
    Segments<Word> words_;
    std::atomic<std::uint64_t> next_{1};
    std::atomic<Table*> table_;
    std::vector<std::unique_ptr<Table>> tables_;
};

}  // namespace explorer
