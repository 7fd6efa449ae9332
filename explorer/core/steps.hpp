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
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "edges.hpp"
#include "messages.hpp"
#include "symmetry.hpp"
#include "verdicts.hpp"

namespace explorer {

class Steps {
   public:
    // `renamed`: what is renamed; nothing without symmetry.
    Steps(Model& model, Verdicts& verdicts, std::size_t bounds, bool may_restart, bool is_reduced,
          std::uint32_t servers, Names renamed)
        : model_(model), verdicts_(verdicts), bounds_(bounds), may_restart_(may_restart),
          is_reduced_(is_reduced),
          symmetry_(model, renamed), messages_(model, symmetry_, mutex_, servers) {
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

    // All numbers of servers shall be less than this.
    void set_limit(std::uint64_t limit) { limit_ = limit; }
    std::size_t servers() const { return servers_.size(); }
    // How often the model was asked for steps.
    std::uint64_t asked() const { return asked_.load(std::memory_order_relaxed); }
    Messages& messages() { return messages_; }
    const Messages& messages() const { return messages_; }

    // What has a number, by its number: the nodes and the history of servers.
    std::span<const Word> sequence(Word servers) const { return servers_[servers]; }

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
    template <class FaultsOf>
    bool is_bad(Word servers, Edge& edge, bool again, std::uint32_t cls, FaultsOf faults) {
        if (cls < 8 && edge.checked[again].load(std::memory_order_acquire) >> cls & 1)
            return edge.bad[again].load(std::memory_order_relaxed) >> cls & 1;
        return check(servers, edge, again, faults(), cls);
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
    // What is in flight is left out.
    Shape shape(Word servers, const Faults& faults) {
        std::lock_guard lock(mutex_);
        return shape_of(servers, faults);
    }
    // The state after a step, before any renaming.
    Shape shape_after(Word servers, const Edge* edge, const Faults& faults) {
        std::lock_guard lock(mutex_);
        Shape result = shape_of(servers, faults);
        if (edge != nullptr) take(result, *edge->origin);
        return result;
    }

    // The least of all renamings of servers, and the renamings that lead to it (null: the identity).
    std::pair<Word, const Renamings*> canonical(const std::vector<Node>& nodes, History history) {
        std::lock_guard lock(mutex_);
        return least(nodes, history);
    }

    // What a node, or a message of the model, can be renamed to, itself among it.
    std::vector<Node> images_of_node(Node node) {
        std::lock_guard lock(mutex_);
        return symmetry_.images_of_node(node);
    }
    std::vector<Message> images_of_message(Message message) {
        std::lock_guard lock(mutex_);
        return symmetry_.images_of_message(message);
    }

    // The number that stands for a message of the model in a network.
    Word number_of(Message message) {
        std::lock_guard lock(mutex_);
        return messages_.learn(message);
    }

   private:
    Row& new_row(Word servers) {
        std::lock_guard lock(mutex_);
        Known& known = known_[servers];
        if (Row* found = known.row.load(std::memory_order_relaxed)) return *found;
        asked_.fetch_add(1, std::memory_order_relaxed);
        const Shape shape = shape_of(servers, {});
        auto row = std::make_unique<Row>();
        row->actions_exceeding.resize(bounds_);
        row->restarts_exceeding.resize(bounds_);
        std::vector<Chosen> actions, restarts;
        for (std::uint8_t position = 0; position < shape.nodes.size(); ++position) {
            std::uint32_t number = 0;
            for (const LocalStep& local : own_actions(shape.nodes[position]))
                actions.push_back({{How::action, position, number++}, &local});
            if (may_restart_)
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
        std::erase_if(chosen, [&](const Chosen& each) {
            const Node before = shape.nodes[each.step.position];
            return !each.local->exceeded.empty() ||
                   observed(shape.history, before, each.local->after) == no_history;
        });
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
        asked_.fetch_add(1, std::memory_order_relaxed);
        have(before_, servers, {});
        const Message asked = messages_.of_model(message);
        const std::uint8_t position = messages_.receiver(message);
        Edge& edge = receipt_edges_.emplace_back();
        const Node node = before_.nodes[position];
        make(edge, before_, {How::receive, position, asked}, received(node, asked));
        edge.is_obsolete = is_reduced_ && model_.is_obsolete(node, asked);
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
        edge.is_within = local.exceeded.empty() && origin.history != no_history;
        if (!edge.is_within) {
            origin.extra.reset(new EdgeExtra{{}, local.exceeded});
            return;
        }
        if (local.sends.size() > 65'535)
            throw std::runtime_error("a step sends over 65,535 messages");
        std::vector<Word> sends;
        for (Message message : local.sends) sends.push_back(messages_.learn(message));
        edge.sends_size = static_cast<std::uint16_t>(sends.size());
        if (sends.size() <= 4)
            std::copy(sends.begin(), sends.end(), edge.sends);
        else
            origin.extra.reset(new EdgeExtra{std::move(sends), {}});
        after_ = shape;
        take(after_, origin);
        std::tie(edge.servers, edge.renamings) = least(after_.nodes, after_.history);
    }

    static void take(Shape& shape, const EdgeOrigin& origin) {
        shape.nodes[origin.step.position] = origin.after;
        shape.history = origin.history;
    }

    bool check(Word servers, Edge& edge, bool again, const Faults& faults, std::uint32_t cls) {
        std::lock_guard lock(mutex_);
        have(before_, servers, faults);
        after_ = before_;
        take(after_, *edge.origin);
        StepName step = edge.origin->step;
        if (step.how == How::restart) ++after_.faults[0];
        if (again) {
            step.how = How::receive_again;
            ++after_.faults[2];
        }
        bool bad = false;
        if (!is_known_as(edge, !again, cls)) {
            bad |= verdicts_.violated(When::step_of_servers, before_, &after_);
            for (int sent = 0; sent < edge.sends_size; ++sent)
                bad |= verdicts_.violated_by_message(messages_.of_model(edge.sent()[sent]));
        }
        bad |= is_bad_locally(step, before_);
        if (cls < 8) remember(edge.checked[again], edge.bad[again], cls, bad);
        return bad;
    }

    // Whether a step is known to be good with its message received, or received again, which no
    // property but those of the server's own step tells apart.
    bool is_known_as(const Edge& edge, bool again, std::uint32_t cls) const {
        return cls < 8 && !verdicts_.reads_fault(2) && edge.checked[again] >> cls & 1 &&
               !(edge.bad[again] >> cls & 1);
    }

    bool check(Word servers, const Faults& faults, std::uint32_t cls) {
        std::lock_guard lock(mutex_);
        Known& known = known_[servers];
        have(before_, servers, faults);
        const bool bad = verdicts_.violated(When::servers, before_, nullptr);
        if (cls < 8) remember(known.checked, known.bad, cls, bad);
        return bad;
    }

    bool is_bad_locally(const StepName& step, const Shape& before) {
        const Question key{static_cast<Word>(step.how), before.nodes[step.position], step.number};
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
        Shape shape;
        have(shape, servers, faults);
        return shape;
    }
    // Make a shape that of servers; its room is used again.
    void have(Shape& shape, Word servers, const Faults& faults) const {
        const auto sequence = servers_[servers];
        shape.nodes.assign(sequence.begin(), sequence.end() - 1);
        shape.history = sequence.back();
        shape.faults = faults;
    }

    std::pair<Word, const Renamings*> least(const std::vector<Node>& nodes, History history) {
        if (symmetry_.group().is_trivial()) {
            sequence_.assign(nodes.begin(), nodes.end());
            sequence_.push_back(history);
            return {number_of_servers(sequence_), nullptr};
        }
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
        known_.make_room_for(number);
        if (number >= limit_) throw Overflow();
        return number;
    }

    History observed(History history, Node before, Node after) {
        return asked(observed_, {history, before, after},
                     [&] { return model_.observe(history, before, after); });
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

    Model& model_;
    Verdicts& verdicts_;
    std::size_t bounds_;
    bool may_restart_, is_reduced_;
    std::mutex mutex_;
    std::uint64_t limit_ = ~std::uint64_t{0};
    std::atomic<std::uint64_t> asked_{0};
    Symmetry symmetry_;
    Messages messages_;
    std::uint32_t classes_ = 1;
    std::uint32_t class_weight_[3];

    Interner servers_;
    Shape before_, after_;         // of the step that is checked
    std::vector<Word> sequence_;  // of the servers that are looked for
    Segments<Known> known_;
    std::deque<std::unique_ptr<Row>> rows_;
    std::deque<std::unique_ptr<Receipts>> all_receipts_;
    std::deque<Edge> receipt_edges_;
    std::deque<EdgeOrigin> origins_;

    std::set<Renamings> renaming_lists_;

    using Question = std::array<Word, 3>;
    struct Hash {
        std::size_t operator()(const Question& question) const { return hashed(question); }
    };
    std::unordered_map<Question, bool, Hash> local_verdicts_;
    std::unordered_map<Question, History, Hash> observed_;
    std::unordered_map<Node, std::vector<LocalStep>> actions_;
    std::unordered_map<Node, LocalStep> restarts_;
    std::unordered_map<std::uint64_t, LocalStep> received_;
};

}  // namespace explorer
