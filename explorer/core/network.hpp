// What is in flight: the messages in a normal form, packed into bits.
//
// A network that is a set is kept sorted by message, each once; a network of queues is kept sorted
// by channel, and by age within a channel. So equal networks are equal numbers. All work on them is
// done on the bits, where they are in the key of a state.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "model.hpp"

namespace explorer {

constexpr int max_in_flight = 12;

// Messages of the same number of bits each, the first in the lowest bits, and 0 after the last.
struct Network {
    std::uint64_t bits = 0;

    bool operator==(const Network&) const = default;
};

class NetworkRules {
   public:
    static constexpr std::size_t max_messages = std::size_t{1} << 16;

    NetworkRules(bool is_fifo, int max_size, std::size_t renamings)
        : is_fifo_(is_fifo),
          max_size_(max_size),
          channels_(table(max_messages)),
          renamed_(table(max_messages * renamings)) {}

    void set_message_bits(int bits) {
        bits_ = bits;
        mask_ = (std::uint64_t{1} << bits) - 1;
    }

    // Messages have a channel, and their renamings, before they are used.
    void set_channel(Message message, std::uint16_t channel) { channels_[message] = channel; }
    void set_renamed(std::size_t renaming, Message message, Message to) {
        renamed_[renaming * max_messages + message] = static_cast<std::uint16_t>(to);
    }

    // The message at a place, or 0 after the last.
    Message at(Network network, int place) const {
        const int shift = place * bits_;
        return shift > 63 ? 0 : static_cast<Message>(network.bits >> shift & mask_);
    }
    int size(Network network) const {
        int size = 0;
        while (at(network, size) != 0) ++size;
        return size;
    }

    // Whether this is the next message of its channel to arrive.
    bool is_deliverable(Network network, int place) const {
        return !is_fifo_ || place == 0 ||
               channels_[at(network, place)] != channels_[at(network, place - 1)];
    }

    // Send a message; false if there are too many then.
    bool send(Network& network, Message message) const {
        int place = 0;
        for (; place < max_size_; ++place) {
            const Message other = at(network, place);
            if (other == 0) break;
            if (is_fifo_ ? channels_[other] > channels_[message] : other >= message) {
                if (other == message && !is_fifo_) return true;
                break;
            }
        }
        if (max_size_ == 0 || at(network, max_size_ - 1) != 0) return false;
        const int shift = place * bits_;
        const std::uint64_t before = (std::uint64_t{1} << shift) - 1;
        network.bits = (network.bits & before) | std::uint64_t{message} << shift |
                       (network.bits & ~before) << bits_;
        return true;
    }

    Network without(Network network, int place) const {
        const int shift = place * bits_;
        const std::uint64_t before = (std::uint64_t{1} << shift) - 1;
        return {(network.bits & before) | (network.bits >> bits_ & ~before)};
    }

    Network renamed(Network network, std::size_t renaming) const {
        const std::uint16_t* to = renamed_.get() + renaming * max_messages;
        Network result;
        for (; network.bits != 0; network.bits >>= bits_) send(result, to[network.bits & mask_]);
        return result;
    }

   private:
    struct Free {
        void operator()(std::uint16_t* memory) const { std::free(memory); }
    };
    using Table = std::unique_ptr<std::uint16_t[], Free>;
    // Zeroed by the system page by page, so that what is not used costs nothing.
    static Table table(std::size_t size) {
        Table result(static_cast<std::uint16_t*>(std::calloc(size, sizeof(std::uint16_t))));
        if (!result) throw std::bad_alloc();
        return result;
    }

    bool is_fifo_;
    int max_size_, bits_ = 16;
    std::uint64_t mask_ = 0xFFFF;
    Table channels_, renamed_;
};

}  // namespace explorer
