// What is in flight, packed into the key of a state: the messages in a normal form.
//
// A network that is a set is kept sorted by message, each once; a network of queues is kept sorted
// by channel, and by age within a channel. So equal networks are equal numbers. All work on them is
// done on the bits, where they are in the key of a state.
#pragma once

#include <cstdint>
#include <vector>

#include "messages.hpp"

namespace explorer {

using Renamings = std::vector<std::uint16_t>;

// Messages of the same number of bits each, the first in the lowest bits, and 0 after the last.
struct Packed {
    std::uint64_t bits = 0;
};

class PackedNetworks {
   public:
    using View = Packed;   // what is in flight in a state
    using Draft = Packed;  // and what will be

    PackedNetworks(Messages& messages, bool is_fifo, int max_size)
        : messages_(messages), is_fifo_(is_fifo), max_size_(max_size) {}

    void set_message_bits(int bits) {
        bits_ = bits;
        mask_ = (std::uint64_t{1} << bits) - 1;
    }

    View view(std::uint64_t bits) const { return {bits}; }

    // The message at a place, or 0 after the last.
    Word at(View view, int place) const {
        const int shift = place * bits_;
        return shift > 63 ? 0 : static_cast<Word>(view.bits >> shift & mask_);
    }
    int size(View view) const {
        int size = 0;
        while (at(view, size) != 0) ++size;
        return size;
    }

    // Whether this is the next message of its channel to arrive.
    bool is_deliverable(View view, int place) const {
        return !is_fifo_ || place == 0 ||
               messages_.channel(at(view, place)) != messages_.channel(at(view, place - 1));
    }

    void begin(Draft& draft, View view) const { draft = view; }
    void begin_without(Draft& draft, View view, int place) const {
        const int shift = place * bits_;
        const std::uint64_t before = (std::uint64_t{1} << shift) - 1;
        draft.bits = (view.bits & before) | (view.bits >> bits_ & ~before);
    }

    // Send a message; false if there are too many then.
    bool send(Draft& draft, Word message) const {
        int place = 0;
        for (; place < max_size_; ++place) {
            const Word other = at(draft, place);
            if (other == 0) break;
            if (is_fifo_ ? messages_.channel(other) > messages_.channel(message) : other >= message) {
                if (other == message && !is_fifo_) return true;
                break;
            }
        }
        if (max_size_ == 0 || at(draft, max_size_ - 1) != 0) return false;
        const int shift = place * bits_;
        const std::uint64_t before = (std::uint64_t{1} << shift) - 1;
        draft.bits = (draft.bits & before) | std::uint64_t{message} << shift |
                     (draft.bits & ~before) << bits_;
        return true;
    }

    // The bits for a key: of the least renaming, by the last message first. Throws Overflow.
    std::uint64_t placed(const Draft& draft, const Renamings* renamings) const {
        if (renamings == nullptr) return draft.bits;
        std::uint64_t least = ~std::uint64_t{0};
        for (std::uint16_t renaming : *renamings)
            least = std::min(least, renamed(draft, renaming).bits);
        return least;
    }

    Draft renamed(Draft draft, std::size_t renaming) const {
        Draft result;
        for (; draft.bits != 0; draft.bits >>= bits_)
            send(result, messages_.renamed(renaming, static_cast<Word>(draft.bits & mask_)));
        return result;
    }

   private:
    Messages& messages_;
    bool is_fifo_;
    int max_size_, bits_ = 16;
    std::uint64_t mask_ = 0xFFFF;
};

}  // namespace explorer
