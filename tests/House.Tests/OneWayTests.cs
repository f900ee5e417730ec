using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>Things that there is one way to do. Each was written several times once, and each time with other faults.</summary>
public partial class OneWayTests
{
    [Fact]
    public void Leases_AreHeldByHeldLease() => OneWay.Check(TakesLease(), "src/Engine/", new()
    {
        ["src/Fabric/Nodes/Api/HeartbeatEndpoint.cs"] = "The agent is the holder, in another process: its heartbeats are the renewals.",
    }, "Take it with HeldLease, which renews it and stops in time");

    [Fact]
    public void Timers_AreListed() => OneWay.Check(Timer(), "src/Foundation/Core/Background/", new()
    {
        ["src/Engine/Entities/Engine/HeldLease.cs"] = "The end of a term, which no call that hangs may delay; it cancels.",
        ["src/Platform/Api/Peers/PeerDispatch.cs"] = "The bound on a connect, before which no call can be given up; it cancels.",
        ["src/Platform/Resources/Controllers/WorkQueue.cs"] = "The patience of one wait; it cancels.",
        ["src/Fabric/Edge/EdgeServer.cs"] =
            "The edge's coarse clock: a millisecond counter and time-outs, thousands of times cheaper than a timer for each request.",
        ["src/Platform/Resources/Hosts/HostClaimKeeper.cs"] = "The period of supervised work.",
        ["src/Platform/Identity/People/PeopleKeeper.cs"] = "The period of supervised work.",
        ["src/Applications/Deployments/Retention/BlobSweeper.cs"] = "The period of supervised work.",
        ["src/EntityPlatform/CloudEvents/Members/MemberSession.cs"] = "Keep-alives of one stream, awaited by its call.",
        ["src/EntityPlatform/EntityApi/Search/Jobs/SearchJobRunner.cs"] = "The beat of one job, awaited by it.",
        ["src/Program/Cli/Shell/LiveWriter.cs"] =
            "The frames of a status line, in a command that has no supervisor; a terminal that is gone is caught.",
    }, "Wait with Task.Delay in supervised work: what a timer's callback throws ends the process");

    [Fact]
    public void Bytes_AreCountedByBudgets() => OneWay.Check(CountsBytes(), "src/Foundation/Core/Sharing/", new()
    {
        ["src/Foundation/Client/Members/MemberStream.cs"] = "In the user's program, for its one organization.",
        ["src/Platform/Compute/Peers/CallsElsewhere.cs"] =
            "A small buffer of one watcher of calls, which drops what it has no room for and keeps none waiting.",
        ["src/Platform/Resources/Feed/FeedSubscription.cs"] =
            "How much of the budget FeedMemory one follower has; behind it the follower reads from the log.",
        ["src/Engine/Storage/Postgres/GroupWriter.cs"] =
            "The commits that wait, all organizations together: shares of organizations are taken before, with the request.",
        ["src/Engine/Storage/Postgres/GroupWriter.Away.cs"] = "As GroupWriter.",
        ["src/Engine/Storage/Postgres/RevisionCache.cs"] = "A cache of a fixed size, which evicts and refuses nothing.",
    }, "Reserve them from a ByteBudget, which is fair to organizations");

    [Fact]
    public void Scans_ArePagedInOnePlace() => OneWay.Check(GoesOn(), "src/Engine/Entities/Log/ScanPages.cs", new()
    {
        ["src/Engine/Entities/Engine/EntityTransaction.Scan.cs"] =
            "A transaction's page lies over its own writes, and ends when it is full.",
        ["src/EntityPlatform/EntityApi/BoundedPages.cs"] = "The size of each page follows from the documents of the one before.",
        ["src/EntityPlatform/EntityApi/Entities/EntityCursorList.cs"] =
            "A page of the API, which names the place where the next one begins.",
        ["src/EntityPlatform/EntityApi/Migration/Migrator.cs"] = "It goes on until a page is empty: also with what came meanwhile.",
    }, "Use PagesAsync");

    [Fact]
    public void BackOffs_AreOneType() => OneWay.Check(Doubles(), "src/Foundation/Core/ExponentialBackOff.cs", new()
    {
        ["src/Platform/Compute/Members/LatencyHistogram.cs"] = "The bounds of its buckets.",
    }, "Use ExponentialBackOff");

    [Fact]
    public void Texts_AreShortenedInOnePlace() => OneWay.Check(Ellipsis(), "src/Foundation/Core/TextCut.cs", new()
    {
        ["src/Engine/Entities/Conditions/ConditionWords.cs"] = "Its ellipsis is inside the quotes, and counts.",
        ["src/Fabric/Runtimes/Sandbox/LineSplitter.cs"] = "A line of which the rest was not kept.",
        ["src/Program/Cli/Shell/Table.cs"] = "Its ellipsis counts: the column has a width.",
        ["src/Program/Cli/Deploying/Steps.cs"] = "It goes on.",
    }, "Use Shortened");

    [Fact]
    public void Programs_AreRunInOnePlace() => OneWay.Check(Starts(), "src/Foundation/Core/ProcessRun.cs", new()
    {
        ["src/Fabric/Runtimes/ShimProcess.cs"] = "The small parent of a run, which outlives this process.",
        ["src/Applications/Deployments/Build/Docker/DockerCli.cs"] = "A build by Docker, whose lines go to the build's log as they come.",
        ["src/Program/Server/Parts/EdgeChild.cs"] = "The edge's process, which outlives this one.",
        ["src/Program/Cli/Cloud/Detached.cs"] = "The server's process, which outlives this one.",
        ["src/Program/Cli/Developing/MemberRunner.cs"] = "The user's program, at the user's terminal, until its files change.",
        ["src/Program/Cli/Shell/Browser.cs"] = "The user's browser.",
    }, "Use ProcessRun, which bounds its output and kills it when nobody waits for it any more");

    [Fact]
    public void Digests_AreWrittenInOnePlace() => OneWay.Check(DigestText(), "src/Foundation/Core/Digest.cs", [], "Use Digest");

    [GeneratedRegex(@"\bleases\.(TryHold|TakeOver|TryTakeOver|Renew)Async\(")]
    private static partial Regex TakesLease();

    [GeneratedRegex(@"\bCreateTimer\(|\bnew (Periodic|System\.Threading\.)?Timer\(|\bSystem\.Timers\b")]
    private static partial Regex Timer();

    [GeneratedRegex(@"\bInterlocked\.(Add|Increment)\(ref \w*[bB]ytes")]
    private static partial Regex CountsBytes();

    [GeneratedRegex(@"\bAfter = .*\bScanPosition\(")]
    private static partial Regex GoesOn();

    [GeneratedRegex(@"\bMath\.Pow\(2,")]
    private static partial Regex Doubles();

    [GeneratedRegex(@"\+ ""…""")]
    private static partial Regex Ellipsis();

    [GeneratedRegex(@"\bnew Process\b|\bProcess\.Start\(")]
    private static partial Regex Starts();

    [GeneratedRegex(@"""sha256:"" \+")]
    private static partial Regex DigestText();
}
