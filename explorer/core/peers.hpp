// The ranks of one job, and how they meet: each gives every other one its states, and tells all how
// it stands.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "parcels.hpp"
#include "tally.hpp"

namespace explorer {

// What carries parcels. All ranks take part in each exchange.
class Peers {
   public:
    virtual ~Peers() = default;
    virtual unsigned rank() const = 0;
    virtual unsigned size() const = 0;
    // Give each rank the parcel at its place, and get one from each. In those that come, nodes,
    // messages and histories have this rank's numbers. There is nothing in a rank's own.
    virtual std::vector<Parcel> exchange(std::vector<Parcel> parcels) = 0;
};

// One process alone has no others.
class Alone : public Peers {
   public:
    static Alone& nobody_else() {
        static Alone alone;
        return alone;
    }
    unsigned rank() const override { return 0; }
    unsigned size() const override { return 1; }
    std::vector<Parcel> exchange(std::vector<Parcel> parcels) override { return parcels; }
};

// How a rank stands, or all of them together.
struct Standing {
    bool is_done = false, is_violated = false, has_failed = false;
    bool is_due = false;  // what was found is to be kept
    Ending ending = Ending::covered;
    std::uint64_t distinct = 0, transitions = 0, queue = 0, next = 0;
    std::uint64_t bytes = 0;  // on disk

    void add(const Standing& other) {
        is_done &= other.is_done;
        is_violated |= other.is_violated;
        has_failed |= other.has_failed;
        is_due |= other.is_due;
        ending = std::max(ending, other.ending);
        distinct += other.distinct;
        transitions += other.transitions;
        queue += other.queue;
        next += other.next;
        bytes += other.bytes;
    }
    bool has_to_stop() const { return has_failed || ending != Ending::covered; }
    // Of all that have to stop: where one has failed, the others were interrupted.
    Ending why() const { return has_failed ? Ending::interrupted : ending; }
    std::vector<std::uint8_t> as_bytes() const {
        std::vector<std::uint8_t> result;
        for (std::uint64_t each : {std::uint64_t{is_done}, std::uint64_t{is_violated},
                                   std::uint64_t{has_failed}, std::uint64_t{is_due},
                                   static_cast<std::uint64_t>(ending), distinct, transitions, queue,
                                   next, bytes})
            put(result, each);
        return result;
    }
    static Standing from(Numbers& numbers) {
        Standing result;
        for (bool* each :
             {&result.is_done, &result.is_violated, &result.has_failed, &result.is_due})
            *each = numbers.next() != 0;
        result.ending = static_cast<Ending>(numbers.next());
        for (std::uint64_t* each :
             {&result.distinct, &result.transitions, &result.queue, &result.next, &result.bytes})
            *each = numbers.next();
        return result;
    }
};

// What was sent, and how long it took.
struct Postage {
    std::uint64_t rounds = 0, states = 0, bytes = 0;
    double seconds = 0;  // of exchanges, with the wait for the last one to come
};

class Post {
   public:
    Post(Space& space, const Setting& setting, Peers& peers) : peers_(peers) {
        for (unsigned rank = 0; rank < peers.size(); ++rank) {
            outboxes_.emplace_back(space, setting);
            inboxes_.emplace_back(space, setting);
        }
    }

    unsigned rank() const { return peers_.rank(); }
    unsigned ranks() const { return peers_.size(); }
    const Postage& postage() const { return postage_; }

    void add(unsigned rank, std::uint64_t key) {
        outboxes_[rank].add(key);
        ++postage_.states;
    }
    void add_for_all(std::uint64_t key) {
        for (unsigned rank = 0; rank < ranks(); ++rank)
            if (rank != this->rank()) add(rank, key);
    }

    // Send all that was added, call read(inbox, parcel, numbers) for what came from each of the
    // others, and return how they and this rank stand.
    template <class Read>
    Standing meet(const Standing& own, Read read) {
        std::vector<Parcel> parcels(ranks());
        for (unsigned rank = 0; rank < ranks(); ++rank) {
            if (rank == this->rank()) continue;
            parcels[rank] = outboxes_[rank].take(own.as_bytes());
            postage_.bytes += parcels[rank].bytes.size();
        }
        const auto before = std::chrono::steady_clock::now();
        parcels = peers_.exchange(std::move(parcels));
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - before;
        postage_.seconds += passed.count();
        ++postage_.rounds;
        Standing all = own;
        for (unsigned rank = 0; rank < ranks(); ++rank) {
            if (rank == this->rank()) continue;
            Numbers numbers(parcels[rank].bytes);
            all.add(Standing::from(numbers));
            read(inboxes_[rank], parcels[rank], numbers);
        }
        return all;
    }

   private:
    Peers& peers_;
    std::deque<Outbox> outboxes_;
    std::deque<Inbox> inboxes_;
    Postage postage_;
};

}  // namespace explorer
