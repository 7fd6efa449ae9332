// The set of states found: 8-byte keys in one open-addressing table without anything beside them.
//
// A key's home is a line of the cache, of eight slots. Lines are filled from their first slot on,
// and what a full line cannot take goes into the next one; so a key is looked for in a line without
// a branch for each slot. Insertion is lock-free. The table grows in place, in small steps, so that
// at no time more than the table itself is needed: its address space is reserved once, and a home
// is a hash scaled to the capacity, so that a larger capacity moves every key upwards only. Nobody
// may insert while it grows.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "level.hpp"
#include "memory.hpp"
#include "mixing.hpp"
#include "parallel.hpp"

namespace explorer {

class Visited {
   public:
    static constexpr std::size_t initial_capacity = std::size_t{1} << 16;
    static constexpr double max_load = 0.875;
    static constexpr std::size_t line = 8;  // slots

    explicit Visited(std::size_t max_bytes)
        : reserved_(whole(std::max(max_bytes / sizeof(Slot), initial_capacity)) + tail) {
        void* memory = mmap(nullptr, reserved_ * sizeof(Slot), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        slots_ = static_cast<Slot*>(memory);
        madvise(memory, reserved_ * sizeof(Slot), MADV_HUGEPAGE);
    }
    ~Visited() { munmap(slots_, reserved_ * sizeof(Slot)); }
    Visited(const Visited&) = delete;
    Visited& operator=(const Visited&) = delete;

    std::size_t capacity() const { return capacity_; }
    std::size_t max_capacity() const { return reserved_ - tail; }
    // How many keys may be in the table before it has to grow.
    std::size_t room() const { return static_cast<std::size_t>(capacity_ * max_load); }
    std::size_t bytes() const { return capacity_ * sizeof(Slot); }

    std::size_t home(std::uint64_t key) const {
        const auto lines = static_cast<unsigned __int128>(capacity_ / line);
        return static_cast<std::size_t>((mixed(key) * lines) >> 64) * line;
    }
    void prefetch(std::size_t home) const { __builtin_prefetch(&slots_[home], 1); }

    // Add a key that is not 0; tell whether it is new.
    bool insert(std::uint64_t key, std::size_t home) {
        for (Slot* slots = slots_ + home;; slots += line) {
            const auto [is_there, used] = look(slots, key);
            if (is_there) return false;
            for (std::size_t at = used; at < line; ++at) {
                std::uint64_t found = 0;
                if (slots[at].compare_exchange_strong(found, key, std::memory_order_relaxed))
                    return true;
                if (found == key) return false;
            }
        }
    }

    bool contains(std::uint64_t key) const { return find(key) != absent; }

    static constexpr std::size_t absent = ~std::size_t{0};
    std::size_t find(std::uint64_t key) const {
        for (std::size_t slot = home(key);; ++slot) {
            std::uint64_t found = slots_[slot].load(std::memory_order_relaxed);
            if (found == key) return slot;
            if (found == 0) return absent;
        }
    }

    // The number of slots that may hold a key, and what a slot holds (0: nothing).
    std::size_t slots() const { return capacity_ + tail; }
    std::uint64_t at(std::size_t slot) const { return slots_[slot].load(std::memory_order_relaxed); }

    // Have this capacity from the beginning. The table must be empty.
    void start_with(std::size_t capacity) { capacity_ = capacity; }

    // Replace each key by another one, which is no other's.
    template <class To>
    void translate(To to) {
        Level keys;
        constexpr std::size_t step = std::size_t{1} << 18;  // slots in a piece of whole pages
        for (std::size_t from = 0; from < slots(); from += step) {
            const std::size_t end = std::min(from + step, slots());
            for (std::size_t slot = from; slot < end; ++slot)
                if (const std::uint64_t key = at(slot); key != 0) keys.add(to(key));
            madvise(slots_ + from, (end - from) * sizeof(Slot), MADV_DONTNEED);
        }
        for (Level::Block block; keys.take(block, 1);)
            for (std::uint64_t key : block) insert(key, home(key));
    }

    void clear() {
        madvise(slots_, reserved_ * sizeof(Slot), MADV_DONTNEED);
        capacity_ = initial_capacity;
    }

    // Move all keys to the homes of a larger capacity, the highest first. What is high enough to
    // move beyond all that is still to be moved, several threads move at once.
    void grow(std::size_t capacity, unsigned threads) {
        const std::size_t before = capacity_;
        capacity_ = whole(capacity);
        Keys waiting;
        for (std::size_t high = before + tail; high > 0;) {
            const std::size_t low = whole(high / static_cast<double>(capacity_) * before) + line;
            if (low + threads * chunk < high) {
                move_in_threads(low, high, waiting, threads);
                high = low;
            } else {
                const std::size_t next = high > chunk ? high - chunk : 0;
                move(next, high, next, waiting);
                high = next;
            }
        }
    }

    // Grow if there is no room for so many keys in all; false if a process may not have the memory.
    bool make_room(std::size_t keys, std::size_t memory, unsigned threads) {
        while (room() < keys) {
            // Small tables double, large ones grow by less, so that little is empty.
            const std::size_t larger =
                std::min(capacity_ < (std::size_t{1} << 22) ? 2 * capacity_
                                                            : capacity_ + capacity_ * 3 / 8,
                         max_capacity());
            if (larger == capacity_ ||
                resident_bytes() + (larger - capacity_) * sizeof(Slot) > memory)
                return false;
            grow(larger, threads);
        }
        return true;
    }

   private:
    using Slot = std::atomic<std::uint64_t>;
    // Probing does not wrap around: what the last slots cannot take goes into the tail.
    static constexpr std::size_t tail = std::size_t{1} << 16;
    static constexpr std::size_t chunk = std::size_t{1} << 14;

    static std::size_t whole(std::size_t slots) { return slots / line * line; }

    using Keys = std::vector<std::uint64_t>;

    // Move the keys of these slots, and those that wait, but none to a home below the floor: there,
    // its way might lead through slots that are still to be moved. It waits for the next move.
    void move(std::size_t low, std::size_t high, std::size_t floor, Keys& waiting) {
        Keys moving;
        moving.swap(waiting);
        std::size_t size = moving.size();
        moving.resize(size + (high - low) + 1);
        for (std::size_t slot = high; slot-- > low;) {
            moving[size] = at(slot);
            size += moving[size] != 0;
            slots_[slot].store(0, std::memory_order_relaxed);
        }
        moving.resize(size);
        for (std::uint64_t key : moving) {
            const std::size_t to = home(key);
            if (to < floor)
                waiting.push_back(key);
            else
                insert(key, to);
        }
    }

    void move_in_threads(std::size_t low, std::size_t high, Keys& waiting, unsigned threads) {
        std::vector<Keys> still_waiting(threads);
        still_waiting.front().swap(waiting);
        std::atomic<std::size_t> left{high};
        std::atomic<bool> stop{false};
        const auto work = [&](std::size_t number) {
            for (;;) {
                const std::size_t end = left.fetch_sub(chunk);
                if (end <= low || end > high) return;
                const std::size_t begin = std::max(low, end > chunk ? end - chunk : 0);
                move(begin, end, high, still_waiting[number]);
            }
        };
        in_threads(threads, stop, work, [] {});
        for (const Keys& keys : still_waiting) waiting.insert(waiting.end(), keys.begin(), keys.end());
    }

    struct Look {
        bool is_there;
        std::size_t used;
    };
    // Look at all of a line: whether it has a key, and how many keys it has at least.
    static Look look(const Slot* slots, std::uint64_t key) {
        bool is_there = false;
        std::uint32_t full = 0;  // a bit for each slot
        for (std::size_t at = 0; at < line; ++at) {
            const std::uint64_t found = slots[at].load(std::memory_order_relaxed);
            is_there |= found == key;
            full |= std::uint32_t{found != 0} << at;
        }
        // Not those behind an empty one: they came while we looked, and so may have the key.
        return {is_there, static_cast<std::size_t>(std::countr_one(full))};
    }

    std::size_t reserved_;
    std::size_t capacity_ = initial_capacity;
    Slot* slots_;
};

}  // namespace explorer
