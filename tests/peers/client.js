/* An LLRP client that is not ours (llrpjs): sets the reader at HOST PORT up, takes inventory, and prints what it hears, a JSON text a line.
 * "close" on standard input ends it in good order. */
"use strict";
const { LLRPClient, LLRPCore } = require("llrpjs");
const readline = require("readline");

const [host, port] = process.argv.slice(2);
const client = new LLRPClient({ host, port: Number(port) });
const say = (what) => console.log(JSON.stringify(what, (_, v) => (typeof v === "bigint" ? Number(v) : v)));

const ROSPEC = {
    ROSpecID: 7, Priority: 0, CurrentState: "Disabled",
    ROBoundarySpec: {
        ROSpecStartTrigger: { ROSpecStartTriggerType: "Immediate" },
        ROSpecStopTrigger: { ROSpecStopTriggerType: "Null", DurationTriggerValue: 0 },
    },
    AISpec: {
        AntennaIDs: [0],
        AISpecStopTrigger: { AISpecStopTriggerType: "Null", DurationTrigger: 0 },
        InventoryParameterSpec: { InventoryParameterSpecID: 3, ProtocolID: "EPCGlobalClass1Gen2" },
    },
    ROReportSpec: {
        ROReportTrigger: "Upon_N_Tags_Or_End_Of_ROSpec", N: 1,
        TagReportContentSelector: {
            EnableROSpecID: 1, EnableSpecIndex: 1, EnableInventoryParameterSpecID: 1, EnableAntennaID: 1, EnableChannelIndex: 1,
            EnablePeakRSSI: 1, EnableFirstSeenTimestamp: 1, EnableLastSeenTimestamp: 1, EnableTagSeenCount: 1, EnableAccessSpecID: 1,
            C1G2EPCMemorySelector: { EnableCRC: 1, EnablePCBits: 1 },
        },
    },
};
const ACCESSSPEC = {
    AccessSpecID: 5, AntennaID: 0, ProtocolID: "EPCGlobalClass1Gen2", CurrentState: "Disabled", ROSpecID: 0,
    AccessSpecStopTrigger: { AccessSpecStopTrigger: "Null", OperationCountValue: 0 },
    AccessCommand: {
        C1G2TagSpec: { C1G2TargetTag: { MB: 1, Match: 1, Pointer: 32, TagMask: [], TagData: [] } },
        C1G2Read: { OpSpecID: 9, AccessPassword: 0, MB: 2, WordPointer: 0, WordCount: 4 },
    },
};
const REQUESTS = [
    ["GET_READER_CAPABILITIES", { RequestedData: "All" }],
    ["GET_READER_CONFIG", { AntennaID: 0, RequestedData: "All", GPIPortNum: 0, GPOPortNum: 0 }],
    ["SET_READER_CONFIG", {
        ResetToFactoryDefault: true,
        ReaderEventNotificationSpec: { EventNotificationState: [{ EventType: "Antenna_Event", NotificationState: true }] },
        KeepaliveSpec: { KeepaliveTriggerType: "Periodic", PeriodicTriggerValue: 500 },
    }],
    ["DELETE_ACCESSSPEC", { AccessSpecID: 0 }],
    ["DELETE_ROSPEC", { ROSpecID: 0 }],
    ["ADD_ROSPEC", { ROSpec: ROSPEC }],
    ["ADD_ROSPEC", { ROSpec: ROSPEC }],
    ["ADD_ACCESSSPEC", { AccessSpec: ACCESSSPEC }],
    ["ENABLE_ACCESSSPEC", { AccessSpecID: 5 }],
    ["ENABLE_ROSPEC", { ROSpecID: 7 }],
    ["GET_ROSPECS", {}],
    ["GET_ACCESSSPECS", {}],
    ["START_ROSPEC", { ROSpecID: 99 }],
];

/* It decodes one message of each chunk: an empty chunk makes it look again. */
client.on("message", () => setImmediate(() => client.onData(Buffer.alloc(0))));
client.on("error", (e) => say({ error: String(e) }));
client.on("disconnect", () => { say({ event: "disconnected" }); process.exit(0); });
client.on("KEEPALIVE", (m) => client.send(new LLRPCore.KEEPALIVE_ACK({ id: m.getMessageId() })).then(() => say({ event: "keepalive" })));
client.on("RO_ACCESS_REPORT", (m) => say({ report: m.toLLRPData().data }));
client.on("READER_EVENT_NOTIFICATION", (m) => say({ notification: m.toLLRPData().data }));

let id = 100;
async function request(name, data) {
    const answer = await client.transact(new LLRPCore[name]({ id: ++id, data }));
    say({ request: name, sent: id, id: answer.getMessageId(), answer: answer.getName(), data: answer.toLLRPData().data });
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
    if (line === "close") request("CLOSE_CONNECTION", {}).then(() => process.exit(0));
});

(async () => {
    const hello = new Promise((resolve) => client.once("READER_EVENT_NOTIFICATION", resolve));
    await client.connect();
    await hello;
    for (const [name, data] of REQUESTS) await request(name, data);
    say({ event: "running" });
})().catch((e) => { say({ error: String(e) }); process.exit(1); });
