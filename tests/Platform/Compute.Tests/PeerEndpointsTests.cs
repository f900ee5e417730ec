using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Auth;
using Strata.Api.Shares;
using Strata.Compute.Dispatch;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Core;

namespace Strata.Compute.Tests;

public sealed class PeerEndpointsTests
{
    private readonly AnswerMemory memory = new(new ApiLimits { MemoryBytesMax = 1 << 20 }, TimeProvider.System);
    private readonly PeerEndpoints endpoints;

    public PeerEndpointsTests()
    {
        var directory = new MemberDirectory(ComputeLimits.Default, TimeProvider.System);
        var announcements = new MemberAnnouncements(directory, TimeProvider.System, NullLogger<MemberAnnouncements>.Instance);
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        endpoints = new PeerEndpoints(announcements, new LocalCalls(directory, TimeProvider.System), lifetime);
    }

    [Fact]
    public async Task Call_WhoseOrganizationHasNoRoom_IsRefused_AndThoseOfOthersAreNot()
    {
        using var all = memory.TryReserve(Given.Tenant, long.MaxValue).Value;
        var refused = await Assert.ThrowsAsync<StrataException>(() => AskAsync(Given.Tenant, documentBytes: 300 << 10));
        Assert.Equal("SERVER_BUSY", refused.Error.Code);
        var before = memory.Used;
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", (await AskAsync(Given.Other, documentBytes: 200 << 10)).Error!.Code);
        Assert.InRange(memory.Used - before, 200 << 10, 512 << 10); // until the request is over
        // Small ones count nothing.
        Assert.Equal("NO_COMPUTE_MEMBER_FOR_TAG", (await AskAsync(Given.Tenant, documentBytes: 100)).Error!.Code);
    }

    private async Task<Result<MemberAnswer>> AskAsync(TenantId tenant, int documentBytes)
    {
        var call = Given.Call(tenant);
        var document = JsonText.FromString($$"""{"x":"{{new string('x', documentBytes)}}"}""");
        var text = PeerCallText.Write(new MemberCall
        {
            RequestId = "r", Kind = MemberCallKind.Processor, Name = "p", Config = Given.Processor("a").Config,
            Call = call with { Entity = call.Entity with { Document = document } },
        });
        await using var services = new ServiceCollection().AddSingleton(memory).BuildServiceProvider();
        var http = new DefaultHttpContext { RequestServices = services };
        http.Features.Set(new Principal { Tenant = tenant, Actor = "system:compute", Grants = [] });
        (http.Request.Method, http.Request.ContentType, http.Request.ContentLength) = ("POST", PeerCallText.MediaType, text.Length);
        http.Request.Body = new MemoryStream(text.ToArray());
        return await endpoints.AskAsync(http);
    }
}
