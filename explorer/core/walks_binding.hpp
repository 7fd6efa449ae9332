// Random walks as Python has them: raft_ref.explorer._core.Walks and Hashes. Part of module.cpp.

// What each server offers, from a Python object; see PythonModel.
class PythonOffering : public Offering {
   public:
    explicit PythonOffering(nb::object object) : object_(std::move(object)) {}

    std::vector<std::uint64_t> offered(Node node) override {
        return nb::cast<std::vector<std::uint64_t>>(object_.attr("offered")(node));
    }
    std::optional<LocalStep> act(Node node, std::uint32_t number) override {
        const nb::object answer = object_.attr("act")(node, number);
        if (answer.is_none()) return std::nullopt;
        return local_step(nb::cast<LocalTuple>(answer));
    }
    std::uint64_t hash_of_node(Node node) override { return hash("hash_of_node", node); }
    std::uint64_t hash_of_message(Message each) override { return hash("hash_of_message", each); }
    std::uint64_t hash_of_history(History each) override { return hash("hash_of_history", each); }

   private:
    std::uint64_t hash(const char* method, std::uint32_t of) {
        return nb::cast<std::uint64_t>(object_.attr(method)(of));
    }
    nb::object object_;
};

// The interpreter's lock is held all the time: far out, most of it goes by in Python anyway.
class PythonWalks {
   public:
    PythonWalks(nb::object model, nb::list properties, nb::object setting)
        : model_(model),
          offering_(model),
          walks_(model_, offering_, properties_of(properties), walk_setting_of(setting)) {}

    Walked walk(std::uint64_t seed, std::uint64_t steps, const std::vector<Node>& nodes,
                History history) {
        return walks_.walk(seed, steps, nodes, history);
    }
    std::vector<bool> reached() const { return walks_.reached(); }

   private:
    static WalkSetting walk_setting_of(nb::handle from) {
        using Weights = std::vector<std::uint64_t>;
        WalkSetting setting;
        setting.servers = nb::cast<std::uint32_t>(from.attr("servers"));
        setting.is_fifo = nb::cast<bool>(from.attr("is_fifo"));
        setting.max_messages = nb::cast<std::uint64_t>(from.attr("max_messages"));
        setting.max_faults = nb::cast<Faults>(from.attr("max_faults"));
        setting.own_bounds = nb::cast<std::size_t>(from.attr("own_bounds"));
        SwarmTable& swarm = setting.swarm;
        swarm.of_receive = nb::cast<Weights>(from.attr("of_receive"));
        swarm.of_fault = nb::cast<Weights>(from.attr("of_fault"));
        swarm.of_action = nb::cast<Weights>(from.attr("of_action"));
        swarm.of_server = nb::cast<Weights>(from.attr("of_server"));
        swarm.of_newer =
            nb::cast<std::vector<std::array<std::uint64_t, 2>>>(from.attr("of_newer"));
        swarm.newest = nb::cast<std::uint64_t>(from.attr("newest"));
        swarm.newer_name = nb::cast<std::uint64_t>(from.attr("newer_name"));
        swarm.way_names = nb::cast<Weights>(from.attr("way_names"));
        swarm.server_names = nb::cast<Weights>(from.attr("server_names"));
        return setting;
    }

    PythonModel model_;
    PythonOffering offering_;
    Walks walks_;
};

// Numbers of 64 bits, one after the other, as bytes.
nb::bytes as_bytes(const std::vector<std::uint64_t>& words) {
    return nb::bytes(reinterpret_cast<const char*>(words.data()),
                     words.size() * sizeof(std::uint64_t));
}

void add_bytes(Hashes& hashes, const nb::bytes& bytes) {
    std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(words.data(), bytes.c_str(), words.size() * sizeof(std::uint64_t));
    hashes.add(words);
}

void define_walks(nb::module_& module) {
    nb::class_<Walked>(module, "Walked")
        .def_ro("steps", &Walked::steps)
        .def_ro("is_violated", &Walked::is_violated)
        .def_ro("names", &Walked::names)
        .def_ro("cut", &Walked::cut)
        .def_prop_ro("hashes", [](const Walked& walked) { return as_bytes(walked.hashes); });
    nb::class_<PythonWalks>(module, "Walks")
        .def(nb::init<nb::object, nb::list, nb::object>())
        .def("walk", &PythonWalks::walk)
        .def("reached", &PythonWalks::reached);
    nb::class_<Hashes>(module, "Hashes")
        .def(nb::init<>())
        .def("add", add_bytes)
        .def("__len__", &Hashes::size);
}
