using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Storage.Memory;

namespace Strata.Api.Tests;

/// <summary>Whether a stream goes on while its token cannot be asked about.</summary>
public sealed class StreamAccessTests
{
    private static readonly Principal Member = new()
    {
        Tenant = new(Guid.CreateVersion7()), Actor = "token:m",
        Grants = [new Grant(FrozenSet.Create("compute.join"), GrantScope.Organization)],
    };

    [Theory]
    [InlineData(ErrorKind.Unavailable, true, true)]
    [InlineData(ErrorKind.Unavailable, false, true)]
    [InlineData(ErrorKind.Unauthenticated, false, false)]
    public async Task Member_IsRefusedByAnAnswer_AndNotByNone(ErrorKind kind, bool thrown, bool expected)
    {
        var access = new StreamAccess(new Failing(new Error(kind, "X", "It is so."), thrown), new MemoryLog(TimeProvider.System));
        Assert.Equal(expected, await access.IsNotRefusedAsync(Request(), "compute.join", default));
        if (!thrown) Assert.False(await access.IsStillGoodAsync(Request(), "compute.join", default));
    }

    private static DefaultHttpContext Request()
    {
        var http = new DefaultHttpContext();
        http.Features.Set(Member);
        http.Request.Headers.Authorization = "Bearer x";
        return http;
    }

    private sealed class Failing(Error error, bool thrown) : IAuthenticator
    {
        public ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken) =>
            thrown ? throw error.ToException() : new(error);
    }
}
