using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>
/// Background work runs under the Supervisor (src/Foundation/Core/Background), which restarts it and shows its health. An exception in work
/// that nobody awaits is lost, and one in a hosted service of the framework's own stops the whole host: watches, feeds and RPC ended for
/// good that way.
/// </summary>
public partial class BackgroundWorkTests
{
    private const string Home = "src/Foundation/Core/Background/";

    /// <summary>Files with work that nobody awaits, and why that is right there.</summary>
    private static readonly Dictionary<string, string> Unawaited = new()
    {
        ["src/Foundation/Client/Members/MemberStream.cs"] =
            "One call of many in a program of the user's, which has no supervisor; it counts itself out whatever happens.",
        ["src/Applications/Deployments/Build/ActiveBuilds.cs"] = "One cancellation, off the feed's thread.",
        ["src/Fabric/Edge/Sites/SiteStore.cs"] =
            "Forgets a failure after a pause: a delay and a removal, which cannot fail; sites are fetched once for all who wait.",
        ["src/Fabric/Edge/Tls/CertificateStore.cs"] =
            "Keys are fetched once for all who wait, and in advance, one run at a time; each run catches what fails, and is awaited at the end.",
        ["src/Fabric/Edge/Transport/EventLoop.cs"] = "A thread of its own that blocks in epoll; its loop guards each connection.",
        ["src/Fabric/Edge/Transport/LoopConnection.cs"] = "One call-back, off the loop's thread.",
        ["src/Fabric/Agent/Relay/ApiRelay.cs"] = "One connection of many; it logs its failure and counts itself out.",
        ["src/Engine/Storage/Postgres/Abandoned.cs"] =
            "Cancels, on a thread of its own, what was given up because the database is away, and sees its failure.",
        ["src/Engine/Storage/Postgres/DatabaseWatch.cs"] =
            "Closes a connection that hangs once its question has ended, which its timeouts bound.",
        ["src/Engine/Storage/Postgres/QueryPool.cs"] = "Closes the pool of connections that were lost when the database went away.",
        ["src/Program/Server/Logging/LogFile.cs"] = "The log's writer: the supervisor itself logs through it. It catches everything.",
        ["src/Program/Server/Parts/BlobsPart.cs"] =
            "A check that may hang in a mount: awaited with a timeout, and no second one begins meanwhile.",
        ["src/Program/Server/Parts/MachinePart.cs"] = "The look at the machine, awaited when the part starts.",
        ["src/Applications/Tunnels/Client/TunnelClient.cs"] = "One connection of many, in the command line's process.",
        ["src/Applications/Tunnels/Server/TunnelListener.cs"] = "Closes a socket after a pause, which cannot fail.",
    };

    /// <summary>Files that speak of the framework's hosted services.</summary>
    private static readonly Dictionary<string, string> Hosted = new()
    {
        ["src/Platform/Resources/Background/SupervisedService.cs"] =
            "The one base class of hosted services: it starts its work under the supervisor.",
        ["src/Platform/Resources/Background/SupervisedServices.cs"] = "Registers them.",
        ["src/Platform/Identity/OAuth/OAuthServer.cs"] = "Takes one of the framework's away.",
        ["src/Program/Server/Parts/ApiPart.cs"] = "Tells the host not to stop for an exception of one.",
    };

    [Fact]
    public void Work_IsAwaitedOrSupervised() =>
        OneWay.Check(FireAndForget(), Home, Unawaited, "Start it with Supervisor.Start, or await it");

    [Fact]
    public void HostedServices_AreSupervised() => OneWay.Check(HostedService(), Home, Hosted, "Derive it from SupervisedService");

    [Theory]
    [InlineData("_ = Task.Run(LoopAsync);", true)]
    [InlineData("loop = Task.Run(LoopAsync);", true)]
    [InlineData("_ = RenewAsync(id, stop.Token);", true)]
    [InlineData("_ = store.GetAsync(site);", true)]
    [InlineData("task.ContinueWith(t => Log(t.Exception));", true)]
    [InlineData("private async void Handle()", true)]
    [InlineData("await Task.Run(() => Start(folder), stop);", false)]
    [InlineData("return Task.Run(() => Ask(client, stop));", false)]
    [InlineData("_ = await client.SendAsync(request);", false)]
    public void FireAndForget_IsSeen(string line, bool isSeen) => Assert.Equal(isSeen, FireAndForget().IsMatch(line));

    [GeneratedRegex(
        @"(?<!await |return )\bTask\.Run\(|\b_ = [\w.]+Async\(|\.ContinueWith\(|Task\.Factory\b|\basync void\b|\bnew Thread\(|QueueUserWorkItem\(")]
    private static partial Regex FireAndForget();

    [GeneratedRegex(@"\b(BackgroundService\w*|IHostedService|AddHostedService)\b")]
    private static partial Regex HostedService();
}
