// The steps out of what all servers and the history are, each computed once, whatever is in flight.
//
// "Servers" are the states of all servers together with the history, as one number. A step of one
// server leads from servers to servers, sends messages, and depends on the rest of the system in
// nothing. With symmetry, servers are the least of all their renamings, and a step says by which
// renamings what is in flight must follow.
//
// What is known is read without a lock. What is not known yet is asked of the model, by one thread
// at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "state_key.hpp"
#include "symmetry.hpp"
#include "verdicts.hpp"

namespace explorer {

// The numbers of servers or messages do not fit into the bits that the layout has for them.
struct Overflow : std::runtime_error {
    Overflow() : std::runtime_error("more servers or messages than the layout has bits for") {}
};

using Renamings = std::vector<std::uint16_t>;

// What few edges have.
struct EdgeExtra {
    std::vector<std::uint16_t> sends;    // where they are more than four
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
    std::uint8_t sends_size = 0;
    bool is_within = true;  // no bound on the server's own state is exceeded
    bool is_obsolete = false;  // a receipt that does nothing, nor ever will
    std::uint16_t sends[4]{};
    // For each class of faults a bit: whether the step was checked, and whether it is bad. The
    // second is about the same step when its message stays in flight.
    std::atomic<std::uint8_t> checked[2]{}, bad[2]{};
    const Renamings* renamings = nullptr;  // null: what is in flight stays as it is
    const EdgeOrigin* origin = nullptr;

    const std::uint16_t* sent() const { return sends_size <= 4 ? sends : origin->extra->sends.data(); }
};

// The steps that need no message.
struct Row {
    std::vector<Edge> actions, restarts;  // those within bounds
    // For each bound, how many more there would be without it.
    std::vector<std::uint32_t> actions_exceeding, restarts_exceeding;
    const Renamings* stabilizer = nullptr;  // the renamings that change nothing
};

// The edges of receipts out of the same servers, by message: a small hash table of pointers whose
// upper 16 bits are the message.
class Receipts {
   public:
    explicit Receipts(std::size_t size) : mask_(size - 1), entries_(size) {}

    Edge* find(Message message) const {
        for (std::size_t at = home(message);; ++at) {
            const std::uint64_t entry = entries_[at & mask_].load(std::memory_order_acquire);
            if (entry == 0) return nullptr;
            if (entry >> 48 == message) return edge(entry);
        }
    }

    // Only one thread at a time adds; false if there is no room.
    bool add(Message message, Edge* edge) {
        if (2 * (used_ + 1) > entries_.size()) return false;
        ++used_;
        std::size_t at = home(message);
        while (entries_[at & mask_].load(std::memory_order_relaxed) != 0) ++at;
        const std::uint64_t entry =
            std::uint64_t{message} << 48 | reinterpret_cast<std::uint64_t>(edge);
        entries_[at & mask_].store(entry, std::memory_order_release);
        return true;
    }

    std::unique_ptr<Receipts> twice_as_large() const {
        auto larger = std::make_unique<Receipts>(2 * entries_.size());
        for (const auto& each : entries_)
            if (const std::uint64_t entry = each.load(std::memory_order_relaxed); entry != 0)
                larger->add(static_cast<Message>(entry >> 48), edge(entry));
        return larger;
    }

   private:
    static std::size_t home(Message message) { return message * std::size_t{0x9E3779B1}; }
    static Edge* edge(std::uint64_t entry) {
        return reinterpret_cast<Edge*>(entry & ((std::uint64_t{1} << 48) - 1));
    }
    std::size_t mask_, used_ = 0;
    std::vector<std::atomic<std::uint64_t>> entries_;
};

// What is known of servers.
struct Known {
    std::atomic<Row*> row{};
    std::atomic<Receipts*> receipts{};
    std::atomic<std::uint8_t> checked{}, bad{};  // as in an edge, of the state
};

// A vector that never moves its elements, so that it can be read while it grows.
template <class T>
class Stable {
   public:
    Stable() : chunks_(max_chunks) {}
    ~Stable() {
        for (auto& each : chunks_) delete[] each.load();
    }
    T& operator[](std::size_t at) const {
        return chunks_[at / chunk].load(std::memory_order_acquire)[at % chunk];
    }
    void make_room_for(std::size_t at) {
        auto& slot = chunks_[at / chunk];
        if (slot.load(std::memory_order_relaxed) == nullptr)
            slot.store(new T[chunk]{}, std::memory_order_release);
    }

   private:
    static constexpr std::size_t chunk = 4096, max_chunks = std::size_t{1} << 18;
    std::vector<std::atomic<T*>> chunks_;
};

class Steps {
   public:
    // `renamed`: what is renamed; nothing without symmetry.
    Steps(Model& model, Verdicts& verdicts, NetworkRules& rules, std::size_t bounds,
          bool is_reduced, std::uint32_t servers, Names renamed)
        : model_(model), verdicts_(verdicts), rules_(rules), bounds_(bounds),
          is_reduced_(is_reduced), number_of_servers_(servers), symmetry_(model, renamed) {
        for (int fault = 0; fault < 3; ++fault)
            class_weight_[fault] = verdicts.reads_fault(fault) ? 1 : 0;
    }

    // How many different faults the properties can tell apart; more than 8 are not remembered.
    void set_fault_classes(const Faults& limits) {
        std::uint32_t classes = 1;
        for (int fault = 0; fault < 3; ++fault) {
            if (class_weight_[fault] == 0) continue;
            class_weight_[fault] = classes;
            classes *= limits[fault] + 1;
        }
        classes_ = classes;
    }
    bool has_one_class() const { return classes_ == 1; }
    std::uint32_t fault_class(const Faults& faults) const {
        std::uint32_t number = 0;
        for (int fault = 0; fault < 3; ++fault) number += class_weight_[fault] * faults[fault];
        return number;
    }

    void set_limits(std::size_t max_servers, std::size_t max_messages) {
        max_servers_ = max_servers;
        max_messages_ = max_messages;
        if (servers_.size() >= max_servers_ || model_messages_.size() > max_messages_) throw Overflow();
    }
    std::size_t servers() const { return servers_.size(); }
    std::size_t messages() const { return model_messages_.size(); }
    const Known& known(Word servers) const { return known_[servers]; }

    // What has a number, by its number: the nodes and the history of servers; messages.
    std::span<const Word> sequence(Word servers) const { return servers_[servers]; }
    const std::vector<Message>& model_messages() const { return model_messages_; }

    // Give servers the next number, or the one that they have.
    Word restore(std::span<const Word> sequence) {
        std::lock_guard lock(mutex_);
        return number_of_servers(sequence);
    }

    Row& row(Word servers) {
        Row* found = known_[servers].row.load(std::memory_order_acquire);
        return found != nullptr ? *found : new_row(servers);
    }

    Edge& receipt(Word servers, Message message) {
        Receipts* known = known_[servers].receipts.load(std::memory_order_acquire);
        Edge* found = known == nullptr ? nullptr : known->find(message);
        return found != nullptr ? *found : new_receipt(servers, message);
    }

    // Check all properties of a step that do not read messages, the first time that it is taken.
    bool is_bad(Word servers, Edge& edge, bool again, const Faults& faults, std::uint32_t cls) {
        if (cls < 8 && edge.checked[again].load(std::memory_order_acquire) >> cls & 1)
            return edge.bad[again].load(std::memory_order_relaxed) >> cls & 1;
        return check(servers, edge, again, faults, cls);
    }

    // Check all properties of a state that do not read messages.
    bool is_bad(Word servers, const Faults& faults, std::uint32_t cls) {
        const Known& known = known_[servers];
        if (cls < 8 && known.checked.load(std::memory_order_acquire) >> cls & 1)
            return known.bad.load(std::memory_order_relaxed) >> cls & 1;
        return check(servers, faults, cls);
    }

    // Check the properties that read messages as well.
    bool is_bad_state(const Shape& state) {
        std::lock_guard lock(mutex_);
        return verdicts_.violated(When::state, state, nullptr);
    }
    bool is_bad_step(const Shape& before, const Shape& after) {
        std::lock_guard lock(mutex_);
        return verdicts_.violated(When::step, before, &after);
    }
    Shape shape(Word servers, const Faults& faults, Network network) {
        std::lock_guard lock(mutex_);
        Shape result = shape_of(servers, faults);
        add(result, network);
        return result;
    }
    // The state after a step, before any renaming.
    Shape shape_after(Word servers, const Edge* edge, const Faults& faults, Network network) {
        std::lock_guard lock(mutex_);
        Shape result = shape_of(servers, faults);
        if (edge != nullptr) take(result, *edge->origin);
        add(result, network);
        return result;
    }

    // The least of all renamings of servers, and the renamings that lead to it (null: the identity).
    std::pair<Word, const Renamings*> canonical(const std::vector<Node>& nodes, History history) {
        std::lock_guard lock(mutex_);
        return least(nodes, history);
    }

    // The number that stands for a message of the model in a network.
    std::uint16_t number_of(Message message) {
        std::lock_guard lock(mutex_);
        return learn(message);
    }

   private:
    Row& new_row(Word servers) {
        std::lock_guard lock(mutex_);
        Known& known = known_[servers];
        if (Row* found = known.row.load(std::memory_order_relaxed)) return *found;
        const Shape shape = shape_of(servers, {});
        auto row = std::make_unique<Row>();
        row->actions_exceeding.resize(bounds_);
        row->restarts_exceeding.resize(bounds_);
        std::vector<Chosen> actions, restarts;
        for (std::uint8_t position = 0; position < shape.nodes.size(); ++position) {
            std::uint32_t number = 0;
            for (const LocalStep& local : own_actions(shape.nodes[position]))
                actions.push_back({{How::action, position, number++}, &local});
            restarts.push_back({{How::restart, position, 0}, &restarted(shape.nodes[position])});
        }
        row->actions = made(shape, actions, row->actions_exceeding);
        row->restarts = made(shape, restarts, row->restarts_exceeding);
        row->stabilizer = least(shape.nodes, shape.history).second;
        rows_.push_back(std::move(row));
        known.row.store(rows_.back().get(), std::memory_order_release);
        return *rows_.back();
    }

    struct Chosen {
        StepName step;
        const LocalStep* local;
    };

    // The edges of the steps within bounds; the others are counted by the bounds that they exceed.
    std::vector<Edge> made(const Shape& shape, std::vector<Chosen>& chosen,
                           std::vector<std::uint32_t>& exceeding) {
        for (const Chosen& each : chosen)
            for (std::uint8_t bound : each.local->exceeded) ++exceeding[bound];
        std::erase_if(chosen, [](const Chosen& each) { return !each.local->exceeded.empty(); });
        std::vector<Edge> edges(chosen.size());
        for (std::size_t at = 0; at < chosen.size(); ++at)
            make(edges[at], shape, chosen[at].step, *chosen[at].local);
        return edges;
    }

    Edge& new_receipt(Word servers, Message message) {
        std::lock_guard lock(mutex_);
        Known& known = known_[servers];
        Receipts* receipts = known.receipts.load(std::memory_order_relaxed);
        if (Edge* found = receipts == nullptr ? nullptr : receipts->find(message)) return *found;
        const Shape shape = shape_of(servers, {});
        const Message asked = model_messages_[message];
        const std::uint8_t position = destinations_[message];
        Edge& edge = receipt_edges_.emplace_back();
        make(edge, shape, {How::receive, position, asked}, received(shape.nodes[position], asked));
        edge.is_obsolete = is_reduced_ && model_.is_obsolete(shape.nodes[position], asked);
        if (receipts == nullptr || !receipts->add(message, &edge)) {
            all_receipts_.push_back(receipts == nullptr ? std::make_unique<Receipts>(8)
                                                        : receipts->twice_as_large());
            receipts = all_receipts_.back().get();
            receipts->add(message, &edge);
            known.receipts.store(receipts, std::memory_order_release);
        }
        return edge;
    }

    void make(Edge& edge, const Shape& shape, const StepName& step, const LocalStep& local) {
        EdgeOrigin& origin = origins_.emplace_back();
        origin.step = step;
        origin.after = local.after;
        origin.history = observed(shape.history, shape.nodes[step.position], local.after);
        edge.origin = &origin;
        edge.names = static_cast<std::uint16_t>(local.names);
        edge.names_again = static_cast<std::uint16_t>(local.names_again);
        edge.is_within = local.exceeded.empty();
        if (!edge.is_within) {
            origin.extra.reset(new EdgeExtra{{}, local.exceeded});
            return;
        }
        if (local.sends.size() > 255) throw std::runtime_error("a step sends over 255 messages");
        std::vector<std::uint16_t> sends;
        for (Message message : local.sends) sends.push_back(learn(message));
        edge.sends_size = static_cast<std::uint8_t>(sends.size());
        if (sends.size() <= 4)
            std::copy(sends.begin(), sends.end(), edge.sends);
        else
            origin.extra.reset(new EdgeExtra{std::move(sends), {}});
        Shape after = shape;
        take(after, origin);
        std::tie(edge.servers, edge.renamings) = least(after.nodes, after.history);
    }

    static void take(Shape& shape, const EdgeOrigin& origin) {
        shape.nodes[origin.step.position] = origin.after;
        shape.history = origin.history;
    }

    bool check(Word servers, Edge& edge, bool again, const Faults& faults, std::uint32_t cls) {
        std::lock_guard lock(mutex_);
        const Shape before = shape_of(servers, faults);
        Shape after = before;
        take(after, *edge.origin);
        StepName step = edge.origin->step;
        if (step.how == How::restart) ++after.faults[0];
        if (again) {
            step.how = How::receive_again;
            ++after.faults[2];
        }
        bool bad = verdicts_.violated(When::step_of_servers, before, &after);
        for (int sent = 0; sent < edge.sends_size; ++sent)
            bad |= verdicts_.violated_by_message(model_messages_[edge.sent()[sent]]);
        bad |= is_bad_locally(step, before);
        if (cls < 8) remember(edge.checked[again], edge.bad[again], cls, bad);
        return bad;
    }

    bool check(Word servers, const Faults& faults, std::uint32_t cls) {
        std::lock_guard lock(mutex_);
        Known& known = known_[servers];
        const bool bad = verdicts_.violated(When::servers, shape_of(servers, faults), nullptr);
        if (cls < 8) remember(known.checked, known.bad, cls, bad);
        return bad;
    }

    bool is_bad_locally(const StepName& step, const Shape& before) {
        const std::tuple key(step.how, before.nodes[step.position], step.number);
        return asked(local_verdicts_, key, [&] { return !model_.local_holds(step, before); });
    }

    // What is known, or else what the model says. A question that throws is asked again when it
    // comes again: nothing is stored before.
    template <class Known, class Ask>
    static const typename Known::mapped_type& asked(
        Known& known, const typename Known::key_type& question, Ask ask) {
        auto found = known.find(question);
        if (found == known.end()) found = known.emplace(question, ask()).first;
        return found->second;
    }

    static void remember(std::atomic<std::uint8_t>& checked, std::atomic<std::uint8_t>& bad,
                         std::uint32_t cls, bool is_bad) {
        const auto bit = static_cast<std::uint8_t>(1u << cls);
        if (is_bad) bad.fetch_or(bit, std::memory_order_relaxed);
        checked.fetch_or(bit, std::memory_order_release);
    }

    Shape shape_of(Word servers, const Faults& faults) const {
        const auto sequence = servers_[servers];
        return {{sequence.begin(), sequence.end() - 1}, sequence.back(), faults, {}};
    }

    std::pair<Word, const Renamings*> least(const std::vector<Node>& nodes, History history) {
        std::vector<Word> best, image(nodes.size() + 1);
        Renamings leading;
        for (std::uint16_t renaming : symmetry_.candidates(nodes)) {
            for (std::size_t position = 0; position < nodes.size(); ++position)
                image[symmetry_.target(renaming, position)] =
                    symmetry_.renamed_node(renaming, nodes[position]);
            image.back() = symmetry_.renamed_history(renaming, history);
            if (best.empty() || image < best) {
                best = image;
                leading.clear();
            }
            if (image == best) leading.push_back(renaming);
        }
        const Word number = number_of_servers(best);
        const bool is_identity = leading.size() == 1 && leading[0] == 0;
        return {number, is_identity ? nullptr : &*renaming_lists_.insert(leading).first};
    }

    Word number_of_servers(std::span<const Word> sequence) {
        const Word number = servers_.intern(sequence);
        if (number >= max_servers_) throw Overflow();
        known_.make_room_for(number);
        return number;
    }

    History observed(History history, Node before, Node after) {
        return asked(observed_, {history, before, after},
                     [&] { return model_.observe(history, before, after); });
    }

    // The number that stands for a message of the model.
    std::uint16_t learn(Message message) {
        const std::uint16_t number = learn_with_renamings(message);
        if (model_messages_.size() > max_messages_) throw Overflow();
        return number;
    }

    std::uint16_t learn_with_renamings(Message message) {
        if (auto found = numbers_.find(message); found != numbers_.end()) return found->second;
        const std::size_t number = model_messages_.size();
        if (number >= NetworkRules::max_messages) throw Overflow();
        numbers_.emplace(message, static_cast<std::uint16_t>(number));
        model_messages_.push_back(message);
        const auto [source, dest] = model_.channel(message);
        destinations_.push_back(dest);
        rules_.set_channel(number, static_cast<std::uint16_t>(source * number_of_servers_ + dest));
        for (std::size_t renaming = 0; renaming < symmetry_.group().size(); ++renaming) {
            const Message renamed = symmetry_.renamed_message(renaming, message);
            rules_.set_renamed(renaming, number, learn_with_renamings(renamed));
        }
        return static_cast<std::uint16_t>(number);
    }

    void add(Shape& shape, Network network) const {
        for (int place = 0; place < rules_.size(network); ++place)
            shape.messages.push_back(model_messages_[rules_.at(network, place)]);
    }

    const std::vector<LocalStep>& own_actions(Node node) {
        return asked(actions_, node, [&] { return model_.actions(node); });
    }
    const LocalStep& restarted(Node node) {
        return asked(restarts_, node, [&] { return model_.restart(node); });
    }
    const LocalStep& received(Node node, Message message) {
        return asked(received_, std::uint64_t{node} << 32 | message,
                     [&] { return model_.receive(node, message); });
    }

    static constexpr Word unknown = ~Word{0};

    Model& model_;
    Verdicts& verdicts_;
    NetworkRules& rules_;
    std::size_t bounds_;
    bool is_reduced_;
    std::mutex mutex_;
    std::size_t max_servers_ = 0, max_messages_ = 0;
    std::uint32_t classes_ = 1;
    std::uint32_t class_weight_[3];

    Interner servers_;
    Stable<Known> known_;
    std::deque<std::unique_ptr<Row>> rows_;
    std::deque<std::unique_ptr<Receipts>> all_receipts_;
    std::deque<Edge> receipt_edges_;
    std::deque<EdgeOrigin> origins_;

    std::uint32_t number_of_servers_;
    Symmetry symmetry_;
    std::set<Renamings> renaming_lists_;
    std::unordered_map<Message, std::uint16_t> numbers_;
    std::vector<Message> model_messages_{0};
    std::vector<std::uint8_t> destinations_{0};  // by number, as the messages above

    std::map<std::tuple<How, Node, std::uint32_t>, bool> local_verdicts_;
    std::map<std::tuple<History, Node, Node>, History> observed_;
    std::unordered_map<Node, std::vector<LocalStep>> actions_;
    std::unordered_map<Node, LocalStep> restarts_;
    std::unordered_map<std::uint64_t, LocalStep> received_;
};

}  // namespace explorer
