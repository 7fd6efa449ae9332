// A state as 8 bytes: its key in the table of those that were visited. No fingerprint; two states are
// one exactly if their keys are.
//
// From the lowest bits on: the servers (one number for the states of all of them and the history, see
// interner.hpp), the faults used, and what is in flight, each its own number of bits. What is in
// flight is its messages (see packed_network.hpp) or, where these do not fit, a number that stands
// for them (see interned_network.hpp).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "model.hpp"

namespace explorer {

// What has to find room in a key: the largest numbers, or how many.
struct Needs {
    std::uint64_t servers, messages, networks;
    Faults faults;
};

// Where the parts of a state are in its key.
class Layout {
   public:
    Layout() = default;
    // No bits for a message: networks are numbers.
    Layout(int server_bits, std::array<int, 3> fault_bits, int message_bits)
        : server_bits_(server_bits), fault_bits_(fault_bits), message_bits_(message_bits) {
        int shift = server_bits;
        for (int fault = 0; fault < 3; ++fault) {
            fault_shift_[fault] = shift;
            shift += fault_bits[fault];
        }
        network_shift_ = shift;
    }

    // One with room for so much, and more where bits are left; packed if that can be, with so many
    // messages in flight. Nothing if 64 bits do not suffice.
    static std::optional<Layout> of(const Needs& needs, std::uint64_t in_flight) {
        std::array<int, 3> faults;
        int left = 64;
        for (int fault = 0; fault < 3; ++fault)
            left -= faults[fault] = std::bit_width(needs.faults[fault]);
        const int servers = std::bit_width(needs.servers + 1);
        if (in_flight < 64) {
            const int size = static_cast<int>(in_flight);
            const int one = std::bit_width(needs.messages), spare = left - servers - size * one;
            if (spare >= 0 && one <= max_message_bits) {
                const int roomy =
                    size == 0 ? one : std::min(max_message_bits, one + spare / (2 * size));
                return Layout(std::min(max_server_bits, left - size * roomy), faults, roomy);
            }
        }
        const int spare = left - servers - std::bit_width(needs.networks);
        if (spare < 0) return {};
        return Layout(std::min(max_server_bits, servers + spare / 2), faults, 0);
    }

    // The numbers of bits, as the constructor has them.
    std::array<int, 5> bits() const {
        return {server_bits_, fault_bits_[0], fault_bits_[1], fault_bits_[2], message_bits_};
    }
    // Whether numbers of bits can be a layout's.
    static bool is_one(const std::array<int, 5>& bits) {
        int sum = 0;
        for (int each : bits) {
            if (each < 0 || each > 64) return false;
            sum += each;
        }
        return sum <= 64 && bits[0] <= max_server_bits && bits[4] <= max_message_bits;
    }

    bool is_packed() const { return message_bits_ > 0; }
    int message_bits() const { return message_bits_; }

    // Place a network, the servers still 0; `or` the number of the servers to it.
    std::uint64_t placed(std::uint64_t network) const {
        return network_shift_ == 64 ? 0 : network << network_shift_;
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
    std::uint64_t network(std::uint64_t key) const {
        return network_shift_ == 64 ? 0 : key >> network_shift_;
    }

    // All numbers are less than these.
    std::uint64_t max_servers() const { return std::uint64_t{1} << server_bits_; }
    std::uint64_t max_messages() const {
        return is_packed() ? std::uint64_t{1} << message_bits_ : ~std::uint64_t{0};
    }
    std::uint64_t max_networks() const {
        return network_shift_ == 0 ? ~std::uint64_t{0} : std::uint64_t{1} << (64 - network_shift_);
    }
    std::uint64_t max_faults(int fault) const { return std::uint64_t{1} << fault_bits_[fault]; }

   private:
    static constexpr int max_server_bits = 32, max_message_bits = 32;

    int server_bits_ = 0;
    std::array<int, 3> fault_bits_{};
    int message_bits_ = 0;
    std::array<int, 3> fault_shift_{};
    int network_shift_ = 0;
};

}  // namespace explorer
