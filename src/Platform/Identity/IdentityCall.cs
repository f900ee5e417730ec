using System.Runtime.InteropServices;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Identity;

/// <summary>Reads the parts that this module's requests have in common.</summary>
internal static class IdentityCall
{
    private const int BodyBytesMax = 64 * 1024;

    /// <summary>The caller, whose whole organization the request is about.</summary>
    public static Result<Caller> OrganizationOf(ApiCall call)
    {
        if (call.Principal.IsPlatform) return IdentityErrors.OneOrganization;
        return call.Principal.Project is null ? call.Caller : IdentityErrors.WholeOrganization;
    }

    /// <summary>The body, read without forgiving anything.</summary>
    public static async ValueTask<Result<Sent<T>>> ReadAsync<T>(ApiCall call)
    {
        var read = await call.ReadObjectAsync(BodyBytesMax, "application/json");
        if (!read.TryGet(out var body, out var error)) return error;
        using (body)
        {
            var faults = new List<ValidationError>();
            return StrictJson.TryRead<T>(body.RootElement, "body", faults, out var value)
                ? new Sent<T>(value, JsonMarshal.GetRawUtf8Value(body.RootElement).ToArray()) : IdentityErrors.Faulty(faults);
        }
    }

    /// <summary>As <see cref="ReadAsync"/>, with the default for no body at all.</summary>
    public static async ValueTask<Result<Sent<T>>> ReadOrDefaultAsync<T>(ApiCall call, T otherwise)
    {
        var read = await ReadAsync<T>(call);
        return read.Error?.Code == "BODY_REQUIRED" ? new Sent<T>(otherwise, default) : read;
    }
}

/// <summary>A body's value, and its bytes, which are part of what an Idempotency-Key identifies.</summary>
internal readonly record struct Sent<T>(T Value, ReadOnlyMemory<byte> Bytes);
