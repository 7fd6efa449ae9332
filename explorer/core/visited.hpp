// The set of states found: 8-byte keys in one open-addressing table without anything beside them.
//
// Insertion is lock-free. The table grows in place, in small steps, so that at no time more than
// the table itself is needed: its address space is reserved once, and a key's home is its hash
// scaled to the capacity, so that a larger capacity moves every key upwards only. Nobody may
// insert while it grows.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <vector>

#include "mixing.hpp"

namespace explorer {

class Visited {
   public:
    static constexpr std::size_t initial_capacity = std::size_t{1} << 16;
    static constexpr double max_load = 0.8;

    explicit Visited(std::size_t max_bytes)
        : reserved_(std::max<std::size_t>(max_bytes / sizeof(Slot), initial_capacity) + tail) {
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

    std::size_t home(std::uint64_t key) const { return scaled(mixed(key), capacity_); }
    void prefetch(std::size_t home) const { __builtin_prefetch(&slots_[home], 1); }

    // Add a key that is not 0; tell whether it is new.
    bool insert(std::uint64_t key, std::size_t home) {
        for (Slot* slot = slots_ + home;; ++slot) {
            std::uint64_t found = slot->load(std::memory_order_relaxed);
            if (found == 0 && slot->compare_exchange_strong(found, key, std::memory_order_relaxed))
                return true;
            if (found == key) return false;
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

    void clear() {
        madvise(slots_, reserved_ * sizeof(Slot), MADV_DONTNEED);
        capacity_ = initial_capacity;
    }

    // Move all keys to the homes of a larger capacity, the highest first. Those whose new home is
    // below what was moved so far wait for the next chunk: their way must not lead through slots
    // that are still to be moved.
    void grow(std::size_t capacity) {
        std::vector<std::uint64_t> moving, waiting;
        std::size_t high = capacity_ + tail;
        capacity_ = capacity;
        while (high > 0) {
            const std::size_t low = high > chunk ? high - chunk : 0;
            for (std::size_t slot = high; slot-- > low;) {
                const std::uint64_t key = at(slot);
                if (key == 0) continue;
                moving.push_back(key);
                slots_[slot].store(0, std::memory_order_relaxed);
            }
            for (std::uint64_t key : moving) {
                const std::size_t to = home(key);
                if (to < low)
                    waiting.push_back(key);
                else
                    insert(key, to);
            }
            moving.clear();
            moving.swap(waiting);
            high = low;
        }
    }

   private:
    using Slot = std::atomic<std::uint64_t>;
    // Probing does not wrap around: what the last slots cannot take goes into the tail.
    static constexpr std::size_t tail = std::size_t{1} << 16;
    static constexpr std::size_t chunk = std::size_t{1} << 16;

    static std::size_t scaled(std::uint64_t hash, std::size_t capacity) {
        return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * capacity) >> 64);
    }

    std::size_t reserved_;
    std::size_t capacity_ = initial_capacity;
    Slot* slots_;
};

}  // namespace explorer
