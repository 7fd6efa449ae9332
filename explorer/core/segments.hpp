// An array that grows without moving what it holds, so that it can be read meanwhile.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>

namespace explorer {

// Each segment is twice as long as the one before. What was never written is zero, and its pages
// cost nothing. Only one thread at a time makes room.
template <class T>
class Segments {
    static_assert(std::is_trivially_destructible_v<T>);

   public:
    Segments() = default;
    ~Segments() {
        for (auto& each : segments_) std::free(each.load());
    }
    Segments(const Segments&) = delete;
    Segments& operator=(const Segments&) = delete;

    T& operator[](std::size_t at) const {
        const auto [segment, offset] = place(at);
        return segments_[segment].load(std::memory_order_acquire)[offset];
    }

    void make_room_for(std::size_t at) {
        const std::size_t segment = place(at).segment;
        if (segments_[segment].load(std::memory_order_relaxed) != nullptr) return;
        void* memory = std::calloc(first << segment, sizeof(T));
        if (memory == nullptr) throw std::bad_alloc();
        segments_[segment].store(static_cast<T*>(memory), std::memory_order_release);
    }

    // Whether there is room for this element.
    bool has(std::size_t at) const {
        return segments_[place(at).segment].load(std::memory_order_acquire) != nullptr;
    }

    // How many elements lie in a row from this one on.
    static std::size_t in_a_row(std::size_t at) {
        const auto [segment, offset] = place(at);
        return (first << segment) - offset;
    }

   private:
    struct Place {
        std::size_t segment, offset;
    };
    static constexpr std::size_t first = 4096;  // a power of two
    static Place place(std::size_t at) {
        const std::size_t segment = static_cast<std::size_t>(std::bit_width(at + first) -
                                                             std::bit_width(first));
        return {segment, at + first - (first << segment)};
    }

    std::atomic<T*> segments_[52]{};
};

}  // namespace explorer
