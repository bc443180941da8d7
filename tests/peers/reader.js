/* An LLRP reader that is not ours (llrpjs): listens at HOST PORT, answers a client's requests with success, and prints them, a JSON text a line.
 * On standard input: "tag EPC ANTENNA RSSI" reports a tag just seen, "keepalive" asks for a sign of life, "empty" sends an empty report. */
"use strict";
const { LLRPServer, LLRPCore } = require("llrpjs");
const readline = require("readline");

const [host, port] = process.argv.slice(2);
const reader = new LLRPServer({ host, port: Number(port) });
const say = (what) => console.log(JSON.stringify(what, (_, v) => (typeof v === "bigint" ? Number(v) : v)));
const OK = { StatusCode: "M_Success", ErrorDescription: "" };
let id = 0;

const CAPABILITIES = {
    GeneralDeviceCapabilities: {
        MaxNumberOfAntennaSupported: 4, CanSetAntennaProperties: false, HasUTCClockCapability: true, DeviceManufacturerName: 0, ModelName: 1,
        ReaderFirmwareVersion: "1", ReceiveSensitivityTableEntry: [{ Index: 1, ReceiveSensitivityValue: 0 }],
        GPIOCapabilities: { NumGPIs: 0, NumGPOs: 0 }, PerAntennaAirProtocol: [{ AntennaID: 1, ProtocolID: ["EPCGlobalClass1Gen2"] }],
    },
    LLRPCapabilities: {
        CanDoRFSurvey: false, CanReportBufferFillWarning: false, SupportsClientRequestOpSpec: false,
        CanDoTagInventoryStateAwareSingulation: false, SupportsEventAndReportHolding: true, MaxNumPriorityLevelsSupported: 1,
        ClientRequestOpSpecTimeout: 0, MaxNumROSpecs: 1, MaxNumSpecsPerROSpec: 1, MaxNumInventoryParameterSpecsPerAISpec: 1,
        MaxNumAccessSpecs: 1, MaxNumOpSpecsPerAccessSpec: 1,
    },
};

/* It decodes one message of each chunk: an empty chunk makes it look again. */
reader.on("message", (m) => {
    setImmediate(() => reader.onData(Buffer.alloc(0)));
    const answer = m.getResponseName();
    say({ request: m.getName(), id: m.getMessageId(), data: m.toLLRPData().data });
    if (!answer) return;
    const extra = m.getName() === "GET_READER_CAPABILITIES" ? CAPABILITIES : {};
    reader.send(new LLRPCore[answer]({ id: m.getMessageId(), data: { LLRPStatus: OK, ...extra } }));
});
reader.on("connection", () => {
    say({ event: "connection" });
    reader.send(new LLRPCore.READER_EVENT_NOTIFICATION({
        id: ++id,
        data: { ReaderEventNotificationData: { UTCTimestamp: { Microseconds: new Date() }, ConnectionAttemptEvent: { Status: "Success" } } },
    }));
});
reader.on("disconnect", () => say({ event: "disconnected" }));
reader.on("error", (e) => say({ error: String(e) }));

function report(epc, antenna, rssi) {
    const bytes = [...Buffer.from(epc, "hex")];
    const parameter = bytes.length === 12 ? { EPC_96: { EPC: bytes } } : { EPCData: { EPC: bytes } };
    const now = new Date();
    return {
        TagReportData: {
            ...parameter, AntennaID: { AntennaID: antenna }, PeakRSSI: { PeakRSSI: rssi }, FirstSeenTimestampUTC: { Microseconds: now },
            LastSeenTimestampUTC: { Microseconds: now }, TagSeenCount: { TagCount: 1 },
        },
    };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const [command, epc, antenna, rssi] = line.split(" ");
    if (command === "tag") reader.send(new LLRPCore.RO_ACCESS_REPORT({ id: ++id, data: report(epc, Number(antenna), Number(rssi)) }));
    if (command === "empty") reader.send(new LLRPCore.RO_ACCESS_REPORT({ id: ++id, data: {} }));
    if (command === "keepalive") reader.send(new LLRPCore.KEEPALIVE({ id: ++id }));
});
reader.listen();
say({ event: "listening" });
