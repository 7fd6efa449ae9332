// A state as 8 bytes: its key in the table of those that were visited. No fingerprint; two states are
// one exactly if their keys are.
//
// From the lowest bits on: the servers (one number for the states of all of them and the history, see
// interner.hpp), the faults used, and the messages in flight (see network.hpp), each its own number of
// bits.
#pragma once

#include <array>
#include <cstdint>

#include "network.hpp"

namespace explorer {

// Where the parts of a state are in its key.
class Layout {
   public:
    Layout() = default;
    Layout(int server_bits, std::array<int, 3> fault_bits, int message_bits)
        : server_bits_(server_bits), fault_bits_(fault_bits), message_bits_(message_bits) {
        int shift = server_bits;
        for (int fault = 0; fault < 3; ++fault) {
            fault_shift_[fault] = shift;
            shift += fault_bits[fault];
        }
        network_shift_ = shift;
    }

    // The numbers of bits, as the constructor has them.
    std::array<int, 5> bits() const {
        return {server_bits_, fault_bits_[0], fault_bits_[1], fault_bits_[2], message_bits_};
    }

    // Place a network, the servers still 0; `or` the number of the servers to it.
    std::uint64_t placed(Network network) const {
        return network_shift_ == 64 ? 0 : network.bits << network_shift_;
    }
    std::uint64_t one(int fault) const {
        return fault_shift_[fault] == 64 ? 0 : std::uint64_t{1} << fault_shift_[fault];
    }

    std::uint32_t servers(std::uint64_t key) const {
        return static_cast<std::uint32_t>(key & ((std::uint64_t{1} << server_bits_) - 1));
    }
    std::uint32_t faults(std::uint64_t key, int fault) const {
        if (fault_bits_[fault] == 0) return 0;
        return static_cast<std::uint32_t>(key >> fault_shift_[fault] &
                                          ((std::uint64_t{1} << fault_bits_[fault]) - 1));
    }
    // The bits of the faults alone, in place.
    std::uint64_t faults_in_place(std::uint64_t key) const {
        const std::uint64_t end = network_shift_ == 64 ? 0 : std::uint64_t{1} << network_shift_;
        return key & (end - (std::uint64_t{1} << server_bits_));
    }
    Network network(std::uint64_t key) const {
        return {network_shift_ == 64 ? 0 : key >> network_shift_};
    }

    std::size_t max_servers() const { return std::size_t{1} << server_bits_; }
    std::size_t max_messages() const { return std::size_t{1} << message_bits_; }

   private:
    int server_bits_ = 0;
    std::array<int, 3> fault_bits_{};
    int message_bits_ = 0;
    std::array<int, 3> fault_shift_{};
    int network_shift_ = 0;
};

}  // namespace explorer
