// The search by several processes as Python has it: raft_ref.explorer._core.Distributed. Part of
// module.cpp.

// Ranks that a Python object reaches: a parcel is a tuple of three lists of numbers and bytes.
class PythonPeers : public Peers {
   public:
    explicit PythonPeers(nb::object object) : object_(std::move(object)) {
        rank_ = nb::cast<unsigned>(object_.attr("rank"));
        size_ = nb::cast<unsigned>(object_.attr("size"));
    }

    unsigned rank() const override { return rank_; }
    unsigned size() const override { return size_; }

    std::vector<Parcel> exchange(std::vector<Parcel> parcels) override {
        nb::gil_scoped_acquire lock;
        nb::list given;
        for (const Parcel& each : parcels)
            given.append(nb::make_tuple(each.nodes, each.messages, each.histories,
                                        nb::bytes(each.bytes.data(), each.bytes.size())));
        parcels.clear();
        for (nb::handle each : object_.attr("exchange")(given)) {
            Parcel& parcel = parcels.emplace_back();
            parcel.nodes = nb::cast<std::vector<Node>>(each[0]);
            parcel.messages = nb::cast<std::vector<Message>>(each[1]);
            parcel.histories = nb::cast<std::vector<History>>(each[2]);
            const auto bytes = nb::cast<nb::bytes>(each[3]);
            const auto* data = static_cast<const std::uint8_t*>(bytes.data());
            parcel.bytes.assign(data, data + bytes.size());
        }
        return parcels;
    }

   private:
    nb::object object_;
    unsigned rank_, size_;
};

std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, double> as_tuple(const Postage& all) {
    return {all.rounds, all.states, all.bytes, all.seconds};
}

class PythonDistributed {
   public:
    PythonDistributed(nb::object model, nb::list properties, nb::object setting, nb::object peers)
        : model_(std::move(model)),
          peers_(std::move(peers)),
          search_(model_, properties_of(properties),
                  setting_of(setting), peers_) {}

    Found run(const std::vector<Node>& nodes, History history, const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return search_.run(nodes, history, beat(heartbeat));
    }
    Ending find_ways(const std::vector<Node>& nodes, History history, const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return search_.find_ways(nodes, history, beat(heartbeat));
    }
    bool is_on_the_way(std::size_t number, std::vector<Node> nodes, std::vector<Message> messages,
                       History history, Faults faults) {
        nb::gil_scoped_release unlocked;
        return search_.is_on_the_way(number,
                                     {std::move(nodes), history, faults, std::move(messages)});
    }
    std::vector<bool> reached() const { return search_.verdicts().reached(); }
    std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, double> postage() const {
        return as_tuple(search_.postage());
    }

   private:
    PythonModel model_;
    PythonPeers peers_;
    Distributed search_;
};

void define_distributed(nb::module_& module) {
    nb::class_<PythonDistributed>(module, "Distributed")
        .def(nb::init<nb::object, nb::list, nb::object, nb::object>())
        .def("run", &PythonDistributed::run)
        .def("find_ways", &PythonDistributed::find_ways)
        .def("is_on_the_way", &PythonDistributed::is_on_the_way)
        .def("reached", &PythonDistributed::reached)
        .def("postage", &PythonDistributed::postage);
}
