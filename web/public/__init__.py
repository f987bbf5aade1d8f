"""The open data for the public: pages of plain files, made from published bundles and from nothing else."""
