using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;

namespace Strata.Compute.Tests;

/// <summary>What a server tells another one of its members, and how often.</summary>
public sealed class MemberAnnouncementsTests : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly FakeTime time = new();
    private readonly MemberDirectory directory;
    private readonly List<Task> writing = [];

    public MemberAnnouncementsTests() => directory = new MemberDirectory(ComputeLimits.Default, time);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (var one in writing) await one.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    [Fact]
    public async Task Changes_OfAFewMoments_AreSentTogether_AndOfTheirOrganizationOnly()
    {
        Join(Given.Tenant);
        Join(Given.Other);
        var lines = Read(New());
        Assert.Equal([Given.Tenant, Given.Other], new[] { TenantOf(await NextAsync(lines)), TenantOf(await NextAsync(lines)) });
        for (var i = 0; i < 20; i++)
        {
            Join(Given.Other);
            time.Advance(TimeSpan.FromMilliseconds(10));
        }
        var told = new List<MemberGroupsLine>();
        while (told.LastOrDefault() is not { Groups: [{ Members: 21 }] }) told.Add(await NextAsync(lines));
        Assert.InRange(told.Count, 1, 2);
        Assert.All(told, line => Assert.Equal(Given.Other, TenantOf(line)));
        await SilenceAsync(lines);
    }

    [Fact]
    public async Task OrganizationWhoseMembersDidNotChange_IsNotGroupedAgain()
    {
        Join(Given.Tenant);
        Join(Given.Other);
        var lines = Read(New());
        await NextAsync(lines);
        await NextAsync(lines);
        Assert.Empty(directory.TakeChanged());
        var member = Join(Given.Other);
        Assert.Equal([Given.Other], directory.TakeChanged());
        directory.Drain(member);
        Assert.Equal([Given.Other], directory.TakeChanged());
        directory.Leave(member);
        Assert.Equal([Given.Other], directory.TakeChanged());
        directory.Release(directory.TryTake(Given.Tenant, null, [], [])!);
        Assert.Equal([Given.Tenant], directory.TakeChanged());
    }

    [Fact]
    public async Task CallsInFlight_AreSent_WhereTheyChanged()
    {
        var member = Join(Given.Tenant);
        var lines = Read(New());
        await NextAsync(lines);
        Assert.Same(member, directory.TryTake(Given.Tenant, null, [], []));
        Assert.Equal(1, Assert.Single((await NextAsync(lines)).Groups).InFlight);
        directory.Release(member);
        Assert.Equal(0, Assert.Single((await NextAsync(lines)).Groups).InFlight);
        await SilenceAsync(lines);
    }

    [Fact]
    public async Task MembersThatLeft_AreSentAsNone_ToEachServer_AndToANewOneNotAtAll()
    {
        var (leaving, _) = (Join(Given.Tenant), Join(Given.Other));
        var announcements = New();
        var (one, two) = (Read(announcements), Read(announcements));
        foreach (var lines in new[] { one, two, one, two }) await NextAsync(lines);
        directory.Leave(leaving);
        foreach (var lines in new[] { one, two })
        {
            var line = await NextAsync(lines);
            Assert.Equal((Given.Tenant, 0), (TenantOf(line), line.Groups.Count));
        }
        var late = Read(announcements);
        Assert.Equal(Given.Other, TenantOf(await NextAsync(late)));
        await SilenceAsync(late);
    }

    [Fact]
    public async Task MembersBeyondALine_AreLeftOut_TheOnesWithTheLeastRoomFirst()
    {
        for (var i = 0; i < 100; i++)
            Join(Given.Tenant, [.. Enumerable.Range(0, 50).Select(n => $"{i}-{n}".PadRight(90, 'x'))], limit: i == 70 ? 500 : 10);
        var line = await NextAsync(Read(New()));
        var bytes = JsonSerializer.SerializeToUtf8Bytes(line, WireJson.Of<MemberGroupsLine>()).Length;
        Assert.InRange(bytes, 55 << 10, MemberGroupsLine.BytesMax);
        Assert.StartsWith("70-", line.Groups[0].Tags[0], StringComparison.Ordinal);
        Assert.InRange(line.Groups.Count, 5, 20);
    }

    [Fact]
    public async Task OrganizationThatFindsNoRoom_IsAnnounced_WhenSomeBecomesFree()
    {
        var (leaving, _, third) = (Join(Given.Tenant), Join(Given.Other), TenantId.New(TimeProvider.System));
        var lines = Read(New(bytesMax: 120)); // room for two organizations, each at its maximum
        await NextAsync(lines);
        await NextAsync(lines);
        Join(third);
        await SilenceAsync(lines);
        directory.Leave(leaving);
        var told = new[] { await NextAsync(lines), await NextAsync(lines) }.ToDictionary(TenantOf, l => l.Groups.Count);
        Assert.Equal((0, 1), (told[Given.Tenant], told[third]));
    }

    [Fact]
    public async Task LastServerThatLeft_ReturnsTheRoom_AndTheNextOneGetsAll()
    {
        Join(Given.Tenant);
        var announcements = New();
        using (var enough = new CancellationTokenSource())
        {
            await NextAsync(Read(announcements, enough.Token));
            Assert.True(Assert.Single(announcements.Shares).Used > 0);
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing[0]);
        }
        Assert.Equal(0, Assert.Single(announcements.Shares).Used);
        Join(Given.Tenant);
        Assert.Equal(2, Assert.Single((await NextAsync(Read(announcements))).Groups).Members);
    }

    private MemberAnnouncements New(long bytesMax = MemberAnnouncements.BytesMax) =>
        new(directory, time, NullLogger<MemberAnnouncements>.Instance, bytesMax);

    private Member Join(TenantId tenant, string[]? tags = null, int limit = 10) =>
        directory.Join(tenant, "a", tags ?? ["a"], limit, new TestConnection()).Value;

    private ConcurrentQueue<MemberGroupsLine> Read(MemberAnnouncements announcements, CancellationToken? until = null)
    {
        var (pipe, lines) = (new Pipe(), new ConcurrentQueue<MemberGroupsLine>());
        writing.Add(announcements.WriteAsync(pipe.Writer, until ?? stop.Token));
        writing.Add(ReadAsync(pipe.Reader, lines));
        return lines;
    }

    private async Task ReadAsync(PipeReader from, ConcurrentQueue<MemberGroupsLine> lines)
    {
        using var text = new StreamReader(from.AsStream());
        while (await text.ReadLineAsync(stop.Token) is { } line)
            lines.Enqueue(JsonSerializer.Deserialize(line, WireJson.Of<MemberGroupsLine>())!);
    }

    /// <summary>The next line, however much time it takes.</summary>
    private async Task<MemberGroupsLine> NextAsync(ConcurrentQueue<MemberGroupsLine> lines)
    {
        MemberGroupsLine? next = null;
        await Wait.UntilAsync(() => lines.TryDequeue(out next) || !Pass(), "a line is sent");
        return next!;
    }

    private async Task SilenceAsync(ConcurrentQueue<MemberGroupsLine> lines)
    {
        var left = 60;
        await Wait.UntilAsync(() => Pass() && --left == 0, "some seconds pass");
        Assert.Empty(lines);
    }

    private bool Pass()
    {
        time.Advance(TimeSpan.FromMilliseconds(50));
        return true;
    }

    private static TenantId TenantOf(MemberGroupsLine line) => TenantId.TryParse(line.Org, out var tenant) ? tenant : default;
}
