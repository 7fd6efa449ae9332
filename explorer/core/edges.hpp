// The steps out of servers, as they are remembered: what a state of all servers leads to, and what
// each message does to it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "interner.hpp"
#include "model.hpp"
#include "packed_network.hpp"

namespace explorer {

// What few edges have.
struct EdgeExtra {
    std::vector<Word> sends;             // where they are more than four
    std::vector<std::uint8_t> exceeded;  // the bounds that a receipt would leave
};

// What of an edge is needed once only.
struct EdgeOrigin {
    StepName step;
    Node after;
    History history;
    std::unique_ptr<EdgeExtra> extra;
};

struct Edge {
    Word servers = 0;  // where it leads
    std::uint16_t names = 0, names_again = 0;
    std::uint16_t sends_size = 0;
    bool is_within = true;  // no bound on the server's own state is exceeded
    bool is_obsolete = false;  // a receipt that does nothing, nor ever will
    Word sends[4]{};
    // For each class of faults a bit: whether the step was checked, and whether it is bad. The
    // second is about the same step when its message stays in flight.
    std::atomic<std::uint8_t> checked[2]{}, bad[2]{};
    const Renamings* renamings = nullptr;  // null: what is in flight stays as it is
    const EdgeOrigin* origin = nullptr;

    const Word* sent() const { return sends_size <= 4 ? sends : origin->extra->sends.data(); }
};

// The steps that need no message.
struct Row {
    std::vector<Edge> actions, restarts;  // those within bounds
    // For each bound, how many more there would be without it.
    std::vector<std::uint32_t> actions_exceeding, restarts_exceeding;
    const Renamings* stabilizer = nullptr;  // the renamings that change nothing
};

// The edges of receipts out of the same servers, by message: a small hash table.
class Receipts {
   public:
    explicit Receipts(std::size_t size) : mask_(size - 1), entries_(size) {}

    Edge* find(Word message) const {
        for (std::size_t at = home(message);; ++at) {
            const Entry& entry = entries_[at & mask_];
            Edge* edge = entry.edge.load(std::memory_order_acquire);
            if (edge == nullptr || entry.message == message) return edge;
        }
    }

    // Only one thread at a time adds; false if there is no room.
    bool add(Word message, Edge* edge) {
        if (2 * (used_ + 1) > entries_.size()) return false;
        ++used_;
        std::size_t at = home(message);
        while (entries_[at & mask_].edge.load(std::memory_order_relaxed) != nullptr) ++at;
        entries_[at & mask_].message = message;
        entries_[at & mask_].edge.store(edge, std::memory_order_release);
        return true;
    }

    std::unique_ptr<Receipts> twice_as_large() const {
        auto larger = std::make_unique<Receipts>(2 * entries_.size());
        for (const Entry& each : entries_)
            if (Edge* edge = each.edge.load(std::memory_order_relaxed))
                larger->add(each.message, edge);
        return larger;
    }

   private:
    struct Entry {
        Word message = 0;
        std::atomic<Edge*> edge{};
    };
    static std::size_t home(Word message) { return message * std::size_t{0x9E3779B1}; }
    std::size_t mask_, used_ = 0;
    std::vector<Entry> entries_;
};

// What is known of servers.
struct Known {
    std::atomic<Row*> row{};
    std::atomic<Receipts*> receipts{};
    std::atomic<std::uint8_t> checked{}, bad{};  // as in an edge, of the state
};

}  // namespace explorer
