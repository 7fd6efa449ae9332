// What the engine asks of the system that it explores. Everything is an integer: states of servers,
// messages and histories are interned by whoever answers, and each question is asked once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

namespace explorer {

using Node = std::uint32_t;     // the state of one server
using Message = std::uint32_t;  // from 1 on; 0 is no message
using History = std::uint32_t;
// What a history says of a step that it forbids.
inline constexpr History no_history = ~History{0};

// Restarts, drops and duplicates used.
using Faults = std::array<std::uint32_t, 3>;

// One step of one server, whatever the rest of the system looks like.
struct LocalStep {
    Node after = 0;
    std::vector<Message> sends;
    std::uint32_t names = 0;             // what the step is counted as
    std::uint32_t names_again = 0;       // and when its message stays in flight
    std::vector<std::uint8_t> exceeded;  // the bounds on the server's own state that it would leave
};

// A state of the system as integers, for the evaluation of properties.
struct Shape {
    std::vector<Node> nodes;
    History history = 0;
    Faults faults{};
    std::vector<Message> messages;
};

enum class How : std::uint8_t { action, restart, receive, receive_again };

// Which step of which server: `number` counts a node's actions, and is a message on receipt.
struct StepName {
    How how;
    std::uint8_t position;
    std::uint32_t number;
};

enum class Kind : std::uint8_t { state, step, message };

// A property, and what it reads: see explorer/model/properties.py.
struct Property {
    Kind kind;
    bool is_sometimes;
    std::uint8_t slots;  // 0: all servers at once; 1: each alone; 2: each ordered pair
    bool states, messages, history;
    std::array<bool, 3> faults;
    bool states_after, messages_after, history_after;
    std::array<bool, 3> faults_after;
};

class Model {
   public:
    virtual ~Model() = default;

    // Called by each thread that is going to ask; it holds the result as long as it does.
    virtual std::shared_ptr<void> guest() { return nullptr; }

    virtual std::vector<LocalStep> actions(Node) = 0;
    virtual LocalStep restart(Node) = 0;
    virtual LocalStep receive(Node, Message) = 0;
    // Whether a server will never again do anything with a message; asked in reduced searches only.
    virtual bool is_obsolete(Node, Message) = 0;
    // `no_history` if the history forbids the step.
    virtual History observe(History, Node before, Node after) = 0;

    // The position of the sender and that of the receiver.
    virtual std::array<std::uint8_t, 2> channel(Message) = 0;

    // With two names swapped: see RenamingGroup for the number of a swap.
    virtual Node rename_node(std::uint32_t swap, Node) = 0;
    virtual Message rename_message(std::uint32_t swap, Message) = 0;
    virtual History rename_history(std::uint32_t swap, History) = 0;
    // Called where swaps make more of a node than there are renamings; throws.
    virtual void refuse_rename(Node) { throw std::runtime_error("swaps that are no renamings"); }

    // A number that is the same for nodes that a property cannot tell apart.
    virtual std::uint32_t projection(std::uint32_t property, Node) = 0;
    // Whether a property holds, of these servers alone if there are any.
    virtual bool holds(std::uint32_t property, std::span<const std::uint8_t> positions,
                       const Shape& before, const Shape* after) = 0;
    // Whether a property of single messages holds of one.
    virtual bool holds_of_message(std::uint32_t property, Message) = 0;
    // Whether all properties of single steps of servers hold of one.
    virtual bool local_holds(const StepName&, const Shape& before) = 0;
    // Of a property of progress, whether its premise (1) and its goal (2) hold in a state.
    virtual std::uint8_t outlook(std::uint32_t question, const Shape&) = 0;

    // A digest of what the numbers stand for, the same in every process; asked by ranks only.
    virtual std::uint64_t digest_of_node(Node node) { return node; }
    virtual std::uint64_t digest_of_message(Message message) { return message; }
};

}  // namespace explorer
